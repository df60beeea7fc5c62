/* client.h - libmariadb, opened when a database is.
 *
 * Linking it would cost every start of belay milliseconds for a library that check and explain
 * never call. Each connection holds the table; the dynamic linker counts how many there are. Only
 * the calls that may not block, and the _start/_cont pairs of those that do: waiting is ours. */
#ifndef BELAY_ENGINE_MYSQL_CLIENT_H
#define BELAY_ENGINE_MYSQL_CLIENT_H

#include "base/err.h"

#include <mysql.h>
/* An old name for MYSQL_TYPE_SET; sql/object.h means something else by it. */
#undef FIELD_TYPE_SET

/* clang-format off */
#define CLIENT_CALLS(F) \
	F(MYSQL *, mysql_init, (MYSQL *)) \
	F(void, mysql_close, (MYSQL *)) \
	F(int, mysql_options, (MYSQL *, enum mysql_option, const void *)) \
	F(int, mysql_options4, (MYSQL *, enum mysql_option, const void *, const void *)) \
	F(MYSQL *, mysql_real_connect, (MYSQL *, const char *, const char *, const char *, \
		const char *, unsigned int, const char *, unsigned long)) \
	F(int, mysql_real_connect_start, (MYSQL **, MYSQL *, const char *, const char *, \
		const char *, const char *, unsigned int, const char *, unsigned long)) \
	F(int, mysql_real_connect_cont, (MYSQL **, MYSQL *, int)) \
	F(int, mysql_real_query, (MYSQL *, const char *, unsigned long)) \
	F(int, mysql_real_query_start, (int *, MYSQL *, const char *, unsigned long)) \
	F(int, mysql_real_query_cont, (int *, MYSQL *, int)) \
	F(int, mysql_store_result_start, (MYSQL_RES **, MYSQL *)) \
	F(int, mysql_store_result_cont, (MYSQL_RES **, MYSQL *, int)) \
	F(int, mysql_next_result_start, (int *, MYSQL *)) \
	F(int, mysql_next_result_cont, (int *, MYSQL *, int)) \
	F(int, mysql_set_server_option_start, (int *, MYSQL *, enum enum_mysql_set_option)) \
	F(int, mysql_set_server_option_cont, (int *, MYSQL *, int)) \
	F(int, mysql_ping_start, (int *, MYSQL *)) \
	F(int, mysql_ping_cont, (int *, MYSQL *, int)) \
	F(my_socket, mysql_get_socket, (MYSQL *)) \
	F(unsigned int, mysql_get_timeout_value_ms, (const MYSQL *)) \
	F(unsigned int, mysql_errno, (MYSQL *)) \
	F(const char *, mysql_error, (MYSQL *)) \
	F(const char *, mysql_sqlstate, (MYSQL *)) \
	F(unsigned int, mysql_field_count, (MYSQL *)) \
	F(unsigned int, mysql_num_fields, (MYSQL_RES *)) \
	F(my_ulonglong, mysql_num_rows, (MYSQL_RES *)) \
	F(MYSQL_FIELD *, mysql_fetch_fields, (MYSQL_RES *)) \
	F(MYSQL_ROW, mysql_fetch_row, (MYSQL_RES *)) \
	F(unsigned long *, mysql_fetch_lengths, (MYSQL_RES *)) \
	F(void, mysql_free_result, (MYSQL_RES *)) \
	F(my_ulonglong, mysql_affected_rows, (MYSQL *)) \
	F(unsigned int, mysql_warning_count, (MYSQL *)) \
	F(unsigned long, mysql_thread_id, (MYSQL *)) \
	F(const char *, mysql_get_server_info, (MYSQL *)) \
	F(my_bool, mariadb_get_infov, (MYSQL *, enum mariadb_value, void *, ...))
/* clang-format on */

#define CLIENT_MEMBER(result, name, args) result(*name) args;
struct client {
	void *handle;
	CLIENT_CALLS(CLIENT_MEMBER)
};
#undef CLIENT_MEMBER

bool my_client_open(struct client *c, struct err *err);
void my_client_close(struct client *c);

#endif
