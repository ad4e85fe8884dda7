/* Fault injection, preloaded into a dynamically linked program (LD_PRELOAD): fails or shortens the N-th operation
 * that changes a file below a folder, or kills the process there. Operations are executed as direct system calls,
 * so that no symbol has to be looked up.
 *
 * FAULT_ROOT  absolute path of the folder
 * FAULT_MODE  count, kill, half (half of a write, then kill), short, eintr, eio, or enospc (from N on)
 * FAULT_AT    N, counted from 1
 * FAULT_LOG   log file with a line "N operation path" for each operation (count) or for each failed one
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NONE, COUNT, KILL, HALF, SHORT, INTERRUPT, BROKEN, FULL };
enum { GO_ON = 0, PART = 1, REFUSE = -1 };
#define FILES 4096

static const char *root, *report;
static long at;
static int mode;
static atomic_long operations;
static atomic_uchar watched[FILES];

__attribute__((constructor)) static void begin(void) {
    static const char *names[] = {"", "count", "kill", "half", "short", "eintr", "eio", "enospc"};
    const char *name = getenv("FAULT_MODE"), *number = getenv("FAULT_AT");
    root = getenv("FAULT_ROOT");
    report = getenv("FAULT_LOG");
    at = number ? atol(number) : 0;
    for (int i = COUNT; root && name && i <= FULL; i++)
        if (!strcmp(name, names[i])) mode = i;
}

static int below(int folder, const char *path) {
    char whole[2 * PATH_MAX];
    if (!mode || !path) return 0;
    if (path[0] != '/') {
        char link[64];
        ssize_t length;
        if (folder == AT_FDCWD) strcpy(link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = syscall(SYS_readlink, link, whole, PATH_MAX - 1);
        if (length < 0) return 0;
        snprintf(whole + length, sizeof whole - length, "/%s", path);
        path = whole;
    }
    return !strncmp(path, root, strlen(root));
}

static void say(long number, const char *operation, const char *path) {
    char line[PATH_MAX + 64];
    int file, length;
    if (!report) return;
    length = snprintf(line, sizeof line, "%ld %s %s\n", number, operation, path);
    file = syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (file < 0) return;
    if (length > (int)sizeof line - 1) length = sizeof line - 1;
    (void)!syscall(SYS_write, file, line, length);
    syscall(SYS_close, file);
}

/* Decides whether an operation is executed, executed partially, or fails with errno. */
static int meets(const char *operation, const char *path, int is_write, int may_interrupt, int takes_room) {
    long number = ++operations;
    if (mode == COUNT) say(number, operation, path);
    if (mode == FULL && number > at && takes_room) {
        say(number, operation, path);
        errno = ENOSPC;
        return REFUSE;
    }
    if (number != at) return GO_ON;
    if (mode != COUNT) say(number, operation, path);
    switch (mode) {
    case KILL:
        raise(SIGKILL);
        return GO_ON;
    case HALF:
        if (is_write) return PART;
        raise(SIGKILL);
        return GO_ON;
    case SHORT:
        return is_write ? PART : GO_ON;
    case INTERRUPT:
        if (!may_interrupt) return GO_ON;
        errno = EINTR;
        return REFUSE;
    case BROKEN:
        errno = EIO;
        return REFUSE;
    case FULL:
        if (!takes_room) return GO_ON;
        errno = ENOSPC;
        return REFUSE;
    }
    return GO_ON;
}

static const char *path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlink, link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

static int is_watched(int file) { return mode && file >= 0 && file < FILES && watched[file]; }

static int opened(int folder, const char *path, int flags, mode_t rights) {
    int inside = below(folder, path), changes = flags & (O_CREAT | O_TRUNC);
    if (inside && changes && meets("open", path, 0, 1, 1) == REFUSE) return -1;
    int file = syscall(SYS_openat, folder, path, flags, rights);
    /* Descriptors of folders are synced as well. */
    if (file >= 0 && file < FILES) watched[file] = inside;
    return file;
}

#define RIGHTS(flags, rights)                       \
    mode_t rights = 0;                              \
    if (flags & (O_CREAT | __O_TMPFILE)) {          \
        va_list list;                               \
        va_start(list, flags);                      \
        rights = va_arg(list, mode_t);              \
        va_end(list);                               \
    }

int open(const char *path, int flags, ...) { RIGHTS(flags, rights) return opened(AT_FDCWD, path, flags, rights); }
int open64(const char *path, int flags, ...) { RIGHTS(flags, rights) return opened(AT_FDCWD, path, flags, rights); }
int openat(int folder, const char *path, int flags, ...) { RIGHTS(flags, rights) return opened(folder, path, flags, rights); }
int openat64(int folder, const char *path, int flags, ...) { RIGHTS(flags, rights) return opened(folder, path, flags, rights); }

int close(int file) {
    if (file >= 0 && file < FILES) watched[file] = 0;
    return syscall(SYS_close, file);
}

ssize_t write(int file, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (is_watched(file)) {
        int met = meets("write", path_of(file, path), 1, 1, 1);
        if (met == REFUSE) return -1;
        if (met == PART) {
            ssize_t written = syscall(SYS_write, file, bytes, length > 1 ? length / 2 : length);
            if (mode == HALF) raise(SIGKILL);
            return written;
        }
    }
    return syscall(SYS_write, file, bytes, length);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (is_watched(file)) return count > 0 ? write(file, parts[0].iov_base, parts[0].iov_len) : 0;
    return syscall(SYS_writev, file, parts, count);
}

#define OF_FILE(name, call, signature, arguments, interrupts, room)                                 \
    int name signature {                                                                            \
        char path[PATH_MAX];                                                                        \
        if (is_watched(file) && meets(#call, path_of(file, path), 0, interrupts, room) == REFUSE)   \
            return -1;                                                                              \
        return syscall(SYS_##call, arguments);                                                      \
    }
#define LIST(...) __VA_ARGS__
OF_FILE(fsync, fsync, (int file), file, 1, 1)
OF_FILE(fdatasync, fdatasync, (int file), file, 1, 1)
OF_FILE(ftruncate, ftruncate, (int file, off_t length), LIST(file, length), 1, 1)
OF_FILE(ftruncate64, ftruncate, (int file, off64_t length), LIST(file, length), 1, 1)

#define OF_PATH(name, call, signature, folder, path, arguments, room)                               \
    int name signature {                                                                            \
        if (below(folder, path) && meets(#name, path, 0, 0, room) == REFUSE) return -1;             \
        return syscall(SYS_##call, arguments);                                                      \
    }
OF_PATH(rename, rename, (const char *from, const char *to), AT_FDCWD, to, LIST(from, to), 0)
OF_PATH(link, link, (const char *from, const char *to), AT_FDCWD, to, LIST(from, to), 1)
OF_PATH(unlink, unlink, (const char *path), AT_FDCWD, path, path, 0)
OF_PATH(unlinkat, unlinkat, (int folder, const char *path, int flags), folder, path, LIST(folder, path, flags), 0)
OF_PATH(mkdir, mkdir, (const char *path, mode_t rights), AT_FDCWD, path, LIST(path, rights), 1)
