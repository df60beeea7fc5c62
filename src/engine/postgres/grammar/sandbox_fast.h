/* sandbox_fast.h - a few of the module's functions, written for this machine.
 *
 * Everything that is printed is offered to the sink first (sandbox.h).
 * Included behind the generated code, in the same translation unit. Two thirds of the module's time
 * went into appendStringInfo(), that is into a complete vsnprintf() with its own buffers for every
 * "field": of the tree. What is written here does the common case in one pass over the format and
 * leaves everything else (no room, an unusual conversion, a character to be escaped) to the
 * module's own function, before anything was changed. tools/grammar.sh checks by their text that
 * these are the functions meant; else it builds without this file.
 *
 * Addresses come from the sandbox and are not believed: what is read or written lies inside the
 * region (SANDBOX_AT), or below the size that was checked. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_FAST_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_SANDBOX_FAST_H

#define BOX Z_libpgZ2Dquery_instance_t
#define WORD(at) i32_load(&box->w2c_z, (u64)(at))
#define BYTES(at) ((char *)SANDBOX_AT(&box->w2c_z, (u64)(at)))

/* A StringInfo: data, len, maxlen. */
struct text {
	char *at, *end; /* where to write, and the last byte that must stay free for the NUL */
	u32 data, len;
};

static inline bool text_open(BOX *box, u32 str, struct text *t)
{
	u32 most = WORD((u64)str + 8);

	t->data = WORD(str);
	t->len = WORD((u64)str + 4);
	if (t->len >= most || (u64)t->data + most > box->w2c_z.size)
		return false;
	t->at = BYTES(t->data) + t->len;
	t->end = BYTES(t->data) + most - 1;
	return true;
}

static inline void text_close(BOX *box, u32 str, const struct text *t)
{
	*t->at = 0;
	i32_store(&box->w2c_z, (u64)str + 4, (u32)(t->at - BYTES(t->data)));
}

static inline bool text_add(struct text *t, const char *s, size_t n)
{
	if (n > (size_t)(t->end - t->at))
		return false;
	memcpy(t->at, s, n);
	t->at += n;
	return true;
}

static inline bool text_number(struct text *t, u32 magnitude, bool minus)
{
	char digits[12], *p = digits + sizeof digits;

	do
		*--p = (char)('0' + magnitude % 10);
	while (magnitude /= 10);
	if (minus)
		*--p = '-';
	return text_add(t, p, (size_t)(digits + sizeof digits - p));
}

/* strlen(): the region ends with zeros. */
static u32 w2c_f34(BOX *box, u32 s)
{
	return (u32)strlen(BYTES(s));
}

/* appendStringInfo() with %s, %d, %u and %c. */
static bool text_format(BOX *box, struct text *t, const char *f, u32 args)
{
	for (;; f++) {
		size_t n = (size_t)(strchrnul(f, '%') - f);
		bool ok = text_add(t, f, n);
		u32 v;

		f += n;
		if (!*f || !ok)
			return ok;
		v = WORD(args);
		args += 4;
		switch (*++f) {
		case 's':
			ok = v && text_add(t, BYTES(v), strlen(BYTES(v)));
			break;
		case 'd':
			ok = text_number(t, (s32)v < 0 ? 0u - v : v, (s32)v < 0);
			break;
		case 'u':
			ok = text_number(t, v, false);
			break;
		case 'c':
			ok = text_add(t, &(char){(char)v}, 1);
			break;
		default:
			ok = false;
			break;
		}
		if (!ok)
			return false;
	}
	return true;
}

/* Kept apart, so that what goes to the sink saves no registers for it. */
static __attribute__((noinline)) void print_format(BOX *box, u32 str, u32 format, u32 args)
{
	struct text t;

	if (text_open(box, str, &t) && text_format(box, &t, BYTES(format), args))
		text_close(box, str, &t);
	else
		module_f26(box, str, format, args);
}

static void w2c_f26(BOX *box, u32 str, u32 format, u32 args)
{
	if (!sandbox_format(box->Z_a_instance, str, format, args))
		print_format(box, str, format, args);
}

/* appendStringInfoString() */
static __attribute__((noinline)) void print_string(BOX *box, u32 str, u32 s)
{
	struct text t;

	if (text_open(box, str, &t) && text_add(&t, BYTES(s), strlen(BYTES(s))))
		text_close(box, str, &t);
	else
		module_f30(box, str, s);
}

static void w2c_f30(BOX *box, u32 str, u32 s)
{
	if (!sandbox_format(box->Z_a_instance, str, s, 0))
		print_string(box, str, s);
}

/* appendStringInfoChar(); where the module has it inline, it comes here when there is no room. */
static void w2c_f38(BOX *box, u32 str, u32 c)
{
	if (!sandbox_char(box->Z_a_instance, str, c))
		module_f38(box, str, c);
}

/* The tree's strings: quoted, escaped where JSON wants it. */
static __attribute__((noinline)) void print_quoted(BOX *box, u32 str, u32 s)
{
	const char *from = BYTES(s);
	struct text t;
	size_t n = 0;

	while ((unsigned char)from[n] >= ' ' && from[n] != '"' && from[n] != '\\' &&
		from[n] != '<' && from[n] != '>')
		n++;
	if (s && from[n] == 0 && text_open(box, str, &t) && n + 2 <= (size_t)(t.end - t.at)) {
		*t.at++ = '"';
		memcpy(t.at, from, n);
		t.at += n;
		*t.at++ = '"';
		text_close(box, str, &t);
	} else {
		module_f44(box, str, s);
	}
}

static void w2c_f44(BOX *box, u32 str, u32 s)
{
	if (!sandbox_string(box->Z_a_instance, str, s))
		print_quoted(box, str, s);
}

#undef BOX
#undef WORD
#undef BYTES

#endif
