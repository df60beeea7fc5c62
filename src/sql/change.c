/* change.c - the words and classes of schema operations. */
#include "sql/change.h"

static const struct {
	const char *words;
	enum change_class class_;
} kinds[CHANGE_KINDS_] = {
#define CHANGE(id, words, class) [CHANGE_##id] = {words, CLASS_##class},
#include "sql/change.def"
#undef CHANGE
};

const char *change_words(enum change_kind k)
{
	return kinds[k].words;
}

enum change_class change_class_of(enum change_kind k)
{
	return kinds[k].class_;
}
