/* libpq.h - libpq, opened when a database is.
 *
 * Linking it would cost every start of belay 4 ms for a library that check and explain never call.
 * Each connection holds the table; the dynamic linker counts how many there are. */
#ifndef BELAY_ENGINE_POSTGRES_LIBPQ_H
#define BELAY_ENGINE_POSTGRES_LIBPQ_H

#include "base/err.h"

#include <libpq-fe.h>

/* clang-format off */
#define LIBPQ_FUNCTIONS(F) \
	F(PGconn *, PQconnectStartParams, (const char *const *, const char *const *, int)) \
	F(PostgresPollingStatusType, PQconnectPoll, (PGconn *)) \
	F(PQconninfoOption *, PQconninfoParse, (const char *, char **)) \
	F(PQconninfoOption *, PQconninfo, (PGconn *)) \
	F(void, PQconninfoFree, (PQconninfoOption *)) \
	F(void, PQfreemem, (void *)) \
	F(void, PQfinish, (PGconn *)) \
	F(ConnStatusType, PQstatus, (const PGconn *)) \
	F(PGTransactionStatusType, PQtransactionStatus, (const PGconn *)) \
	F(int, PQserverVersion, (const PGconn *)) \
	F(int, PQbackendPID, (const PGconn *)) \
	F(int, PQsocket, (const PGconn *)) \
	F(char *, PQerrorMessage, (const PGconn *)) \
	F(char *, PQhost, (const PGconn *)) \
	F(char *, PQport, (const PGconn *)) \
	F(int, PQconnectionNeedsPassword, (const PGconn *)) \
	F(int, PQsetnonblocking, (PGconn *, int)) \
	F(int, PQflush, (PGconn *)) \
	F(int, PQconsumeInput, (PGconn *)) \
	F(int, PQisBusy, (PGconn *)) \
	F(int, PQsendQuery, (PGconn *, const char *)) \
	F(int, PQsendQueryParams, (PGconn *, const char *, int, const Oid *, const char *const *, \
		const int *, const int *, int)) \
	F(PGresult *, PQgetResult, (PGconn *)) \
	F(ExecStatusType, PQresultStatus, (const PGresult *)) \
	F(char *, PQresultErrorField, (const PGresult *, int)) \
	F(char *, PQresultErrorMessage, (const PGresult *)) \
	F(int, PQntuples, (const PGresult *)) \
	F(int, PQnfields, (const PGresult *)) \
	F(char *, PQfname, (const PGresult *, int)) \
	F(char *, PQgetvalue, (const PGresult *, int, int)) \
	F(int, PQgetlength, (const PGresult *, int, int)) \
	F(int, PQgetisnull, (const PGresult *, int, int)) \
	F(char *, PQcmdStatus, (PGresult *)) \
	F(char *, PQcmdTuples, (PGresult *)) \
	F(void, PQclear, (PGresult *)) \
	F(int, PQputCopyData, (PGconn *, const char *, int)) \
	F(int, PQputCopyEnd, (PGconn *, const char *)) \
	F(int, PQgetCopyData, (PGconn *, char **, int)) \
	F(PGcancel *, PQgetCancel, (PGconn *)) \
	F(void, PQfreeCancel, (PGcancel *)) \
	F(int, PQcancel, (PGcancel *, char *, int)) \
	F(PQnoticeReceiver, PQsetNoticeReceiver, (PGconn *, PQnoticeReceiver, void *))
/* clang-format on */

#define LIBPQ_MEMBER(result, name, args) result(*name) args;
struct libpq {
	void *handle;
	LIBPQ_FUNCTIONS(LIBPQ_MEMBER)
};
#undef LIBPQ_MEMBER

bool libpq_open(struct libpq *pq, struct err *err);
void libpq_close(struct libpq *pq);

#endif
