// LD_PRELOAD: errors, or silence for ever, on chosen calls of files whose path holds $FAULT_MATCH.
//   FAULT_CALLS   of "open read write sync lock", those that fail
//   FAULT_ERRNO   the errno to fail with; "hang" never returns
//   FAULT_AFTER   so many such calls, in each process, go well first
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

static long n_calls;

static int is_struck(const char *path, const char *call) {
  const char *match = getenv("FAULT_MATCH"), *calls = getenv("FAULT_CALLS"), *after = getenv("FAULT_AFTER");
  if (!match || !calls || !strstr(calls, call) || !strstr(path, match)) return 0;
  return __sync_fetch_and_add(&n_calls, 1) >= (after ? atol(after) : 0);
}

static int is_descriptor_struck(int fd, const char *call) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_struck(path, call);
}

static int fail(void) {
  const char *number = getenv("FAULT_ERRNO");
  if (number && !strcmp(number, "hang"))
    for (;;) pause();
  errno = number ? atoi(number) : EIO;
  return -1;
}

#define ON_DESCRIPTOR(type, name, call, parameters, arguments)                \
  type name parameters {                                                      \
    static type(*real) parameters;                                            \
    if (!real) real = dlsym(RTLD_NEXT, #name);                                \
    return is_descriptor_struck(fd, call) ? (type)fail() : real arguments;    \
  }

ON_DESCRIPTOR(ssize_t, read, "read", (int fd, void *buffer, size_t n), (fd, buffer, n))
ON_DESCRIPTOR(ssize_t, pread, "read", (int fd, void *buffer, size_t n, off_t at), (fd, buffer, n, at))
ON_DESCRIPTOR(ssize_t, pread64, "read", (int fd, void *buffer, size_t n, off64_t at), (fd, buffer, n, at))
ON_DESCRIPTOR(ssize_t, write, "write", (int fd, const void *buffer, size_t n), (fd, buffer, n))
ON_DESCRIPTOR(ssize_t, pwrite, "write", (int fd, const void *buffer, size_t n, off_t at), (fd, buffer, n, at))
ON_DESCRIPTOR(ssize_t, pwrite64, "write", (int fd, const void *buffer, size_t n, off64_t at), (fd, buffer, n, at))
ON_DESCRIPTOR(int, fsync, "sync", (int fd), (fd))
ON_DESCRIPTOR(int, fdatasync, "sync", (int fd), (fd))
ON_DESCRIPTOR(int, flock, "lock", (int fd, int operation), (fd, operation))

#define ON_PATH(name)                                                         \
  int name(const char *path, int flags, ...) {                                \
    static int (*real)(const char *, int, ...);                               \
    if (!real) real = dlsym(RTLD_NEXT, #name);                                \
    va_list rest;                                                             \
    va_start(rest, flags);                                                    \
    mode_t mode = va_arg(rest, mode_t);                                       \
    va_end(rest);                                                             \
    return is_struck(path, "open") ? fail() : real(path, flags, mode);        \
  }

ON_PATH(open)
ON_PATH(open64)
