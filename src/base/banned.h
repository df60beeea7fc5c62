/* banned.h - functions that we do not call, as compile errors. Included by the build into every
 * file of ours (-include), so nobody has to remember it. */
#ifndef BELAY_BASE_BANNED_H
#define BELAY_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(f) belay_does_not_call_##f
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef gets
#undef localtime
#undef gmtime
#undef ctime
#undef asctime
#undef system
#undef popen
#define strcpy BANNED(strcpy)
#define strcat BANNED(strcat)
#define strncpy BANNED(strncpy)
#define strncat BANNED(strncat)
#define sprintf BANNED(sprintf)
#define vsprintf BANNED(vsprintf)
#define strtok BANNED(strtok)
#define gets BANNED(gets)
#define localtime BANNED(localtime)
#define gmtime BANNED(gmtime)
#define ctime BANNED(ctime)
#define asctime BANNED(asctime)
#define system BANNED(system)
#define popen BANNED(popen)

#endif
