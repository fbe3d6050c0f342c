// Preloaded into a process (LD_PRELOAD), it moves that process' time of day by as many seconds as the file says that CLOCK_OFFSET_FILE
// names. The file is read again whenever its time of change is another. The monotonic clock stays right, as it does when a machine's
// clock is set.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

static int right_time(clockid_t clock, struct timespec *now)
{
    static int (*_Atomic real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    return real(clock, now);
}

static long offset(void)
{
    static _Atomic long seconds, changed = -1;
    const char *path = getenv("CLOCK_OFFSET_FILE");
    struct stat status;
    if (!path || stat(path, &status) != 0)
        return 0;

    long version = status.st_mtim.tv_sec * 1000000000L + status.st_mtim.tv_nsec;
    if (version != changed) {
        FILE *file = fopen(path, "r");
        long written;
        if (file) {
            if (fscanf(file, "%ld", &written) == 1) {
                seconds = written;
                changed = version;
            }
            fclose(file);
        }
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = right_time(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *now)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}
