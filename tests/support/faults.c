/*
 * A disk with one fault, for one process: calls of the C library on paths that contain FAULT_PATH fail
 * with the error number FAULT_ERRNO. FAULT_CALL names the call; FAULT_SKIP lets the first ones pass.
 * Preloaded with LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_int calls;

/* Whether a call fails; then errno is set. */
static int fails(const char *call, const char *path) {
  const char *part = getenv("FAULT_PATH"), *which = getenv("FAULT_CALL");
  const char *number = getenv("FAULT_ERRNO"), *skip = getenv("FAULT_SKIP");
  if (part == NULL || which == NULL || number == NULL || path == NULL) return 0;
  if (strcmp(call, which) != 0 || strstr(path, part) == NULL) return 0;
  if (skip != NULL && atomic_fetch_add(&calls, 1) < atoi(skip)) return 0;
  errno = atoi(number);
  return 1;
}

static int fails_at(const char *call, int file) {
  char link[64], path[4096];
  int before = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  errno = before;
  if (length < 0) return 0;
  path[length] = 0;
  return fails(call, path);
}

#define REAL(name) ((typeof(&name)) dlsym(RTLD_NEXT, #name))

#define OPEN(name)                                            \
  int name(const char *path, int flags, ...) {                \
    va_list rest;                                             \
    va_start(rest, flags);                                    \
    mode_t mode = va_arg(rest, mode_t);                       \
    va_end(rest);                                             \
    int writes = (flags & (O_WRONLY | O_RDWR)) != 0;          \
    if (fails(writes ? "create" : "open", path)) return -1;   \
    return REAL(name)(path, flags, mode);                     \
  }
OPEN(open)
OPEN(open64)

#define FOPEN(name)                                                    \
  FILE *name(const char *path, const char *mode) {                     \
    if (fails(mode[0] == 'r' ? "open" : "create", path)) return NULL;  \
    return REAL(name)(path, mode);                                     \
  }
FOPEN(fopen)
FOPEN(fopen64)

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *file) {
  if (file != NULL && fails_at("write", fileno(file))) return 0;
  return REAL(fwrite)(bytes, size, count, file);
}

int fflush(FILE *file) {
  if (file != NULL && fails_at("write", fileno(file))) return EOF;
  return REAL(fflush)(file);
}

#define ON_PATH(name, call, declared, passed)   \
  int name declared {                           \
    if (fails(call, path)) return -1;           \
    return REAL(name) passed;                   \
  }
ON_PATH(mkdir, "mkdir", (const char *path, mode_t mode), (path, mode))
ON_PATH(unlink, "unlink", (const char *path), (path))
ON_PATH(rename, "rename", (const char *old, const char *path), (old, path))
ON_PATH(link, "link", (const char *old, const char *path), (old, path))
ON_PATH(linkat, "link", (int a, const char *old, int b, const char *path, int flags), (a, old, b, path, flags))
ON_PATH(utimensat, "touch", (int folder, const char *path, const struct timespec times[2], int flags), (folder, path, times, flags))
ON_PATH(statx, "stat", (int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict found), (folder, path, flags, mask, found))

#define ON_FILE(type, name, call, declared, passed)     \
  type name declared {                                  \
    if (fails_at(call, file)) return -1;                \
    return REAL(name) passed;                           \
  }
ON_FILE(ssize_t, read, "read", (int file, void *bytes, size_t count), (file, bytes, count))
ON_FILE(ssize_t, pread, "read", (int file, void *bytes, size_t count, off_t at), (file, bytes, count, at))
ON_FILE(ssize_t, pread64, "read", (int file, void *bytes, size_t count, off_t at), (file, bytes, count, at))
ON_FILE(ssize_t, write, "write", (int file, const void *bytes, size_t count), (file, bytes, count))
ON_FILE(int, fsync, "fsync", (int file), (file))
ON_FILE(int, fdatasync, "fsync", (int file), (file))
