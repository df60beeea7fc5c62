/* stack.c - how far down the C stack of this thread may be used. */
#include "base/stack.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MARGIN = 256 * 1024, ASSUMED = 512 * 1024 };

/* The main thread's stack grows on demand up to the limit of the process: asking pthread for it
 * reads /proc, which costs more than the rest of a short run. */
static char *main_thread_limit(void)
{
	struct rlimit r;
	size_t size = 8u << 20;

	if (getrlimit(RLIMIT_STACK, &r) == 0 && r.rlim_cur != RLIM_INFINITY && r.rlim_cur < size)
		size = r.rlim_cur;
	if (size < 2 * (size_t)MARGIN)
		size = 2 * (size_t)MARGIN;
	return (char *)__builtin_frame_address(0) - (size - MARGIN - 128 * 1024);
}

char *stack_limit(void)
{
	static _Thread_local char *limit;
	pthread_attr_t attr;
	void *low;
	size_t size;

	if (limit)
		return limit;
	if (getpid() == gettid()) {
		limit = main_thread_limit();
	} else if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		if (pthread_attr_getstack(&attr, &low, &size) == 0)
			limit = (char *)low + MARGIN;
		pthread_attr_destroy(&attr);
	}
	if (!limit)
		limit = (char *)__builtin_frame_address(0) - ASSUMED;
	return limit;
}
