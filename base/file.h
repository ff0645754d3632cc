/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file.h — whole files, safely: bounded reads and writes that are atomic and durable. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

/* Read at most `max` bytes of a regular file into a new terminated buffer. -EFBIG when it is
 * larger. */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *e) mustcheck;

/* Replace `path` by `text`: temporary file in the same folder, fsync, rename, fsync of the folder.
 * After a failure the old content is untouched. */
int file_write_atomic(const char *path, mode_t mode, const char *text, size_t n, struct err *e)
    mustcheck;

/* The same without the two fsyncs: atomic for readers, lost with the machine. For files in /run. */
int file_write_replace(const char *path, mode_t mode, const char *text, size_t n, struct err *e)
    mustcheck;

/* Remove `path` and make that durable; 0 also when it was absent. */
int file_remove(const char *path, struct err *e) mustcheck;

/* mkdir -p. Existing directories keep their mode. */
int file_make_dirs(const char *path, mode_t mode, struct err *e) mustcheck;

/* Write a short text into a file of /proc or /sys in one write. Returns 0 or -errno. */
int file_write_proc(const char *path, const char *value) mustcheck;
/* First line of such a file, without the newline. Returns 0 or -errno. */
int file_read_proc(const char *path, char *buf, size_t cap) mustcheck;

#endif
