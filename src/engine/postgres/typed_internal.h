/* typed_internal.h - shared inside typed_*.c only. */
#ifndef BELAY_ENGINE_POSTGRES_TYPED_INTERNAL_H
#define BELAY_ENGINE_POSTGRES_TYPED_INTERNAL_H

#include "engine/postgres/typed.h"

void typed_fault(struct typing *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void typed_loosen(struct typing *t, char volatility);
/* "unknown", built in, an enum, or arrays of those: nothing else has casts or operators of its own.
 */
bool typed_known(struct typing *t, struct slice type);
bool typed_is_enum(struct typing *t, struct slice type);
bool typed_preferred(struct slice type);
/* COLLATE of a value of that type. */
void typed_collation(struct typing *t, struct slice name, struct slice type);
/* Which it is, and what it gives; "" = not known. `params`: what the arguments are taken for. */
struct slice typed_operator(struct typing *t, struct slice name, const struct slice *args, size_t n,
	struct slice *params);
struct slice typed_call(
	struct typing *t, struct name name, const struct slice *args, size_t n, bool over);

#endif
