/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int file_read(const char *path, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, errno, "cannot open %s", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "cannot stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_sys(e, EINVAL, "%s is not a regular file", path);
	if ((uint64_t)st.st_size > max)
		return err_sys(e, EFBIG, "%s is larger than %zu bytes", path, max);

	size_t cap = (size_t)st.st_size, len = 0;
	auto_free char *buf = malloc(cap + 1);
	if (!buf)
		return err_sys(e, ENOMEM, "cannot read %s", path);
	while (len < cap) {
		ssize_t n = read(fd, buf + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, errno, "cannot read %s", path);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	buf[len] = '\0';
	*ret = take_ptr(buf);
	if (ret_len)
		*ret_len = len;
	return 0;
}

/* Open the folder that holds `path`, for fsync. */
static int open_parent(const char *path)
{
	char dir[PATH_MAX];

	if (!copy_text(dir, sizeof(dir), path))
		return -ENAMETOOLONG;
	char *slash = strrchr(dir, '/');
	if (!slash)
		copy_text(dir, sizeof(dir), ".");
	else if (slash == dir)
		slash[1] = '\0';
	else
		*slash = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int sync_parent(const char *path)
{
	auto_close int dir = open_parent(path);

	if (dir < 0)
		return dir;
	return fsync(dir) < 0 ? -errno : 0;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* A new file. What a crash has left there is removed, anything else is refused. */
static int open_new(const char *path, mode_t mode)
{
	const int how = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = open(path, how, mode);

	if (fd >= 0 || errno != EEXIST)
		return fd;
	if (unlink(path) < 0) {
		errno = EEXIST;
		return -1;
	}
	return open(path, how, mode);
}

static int replace(const char *path, mode_t mode, const char *text, size_t n, bool durable,
		   struct err *e)
{
	char temp[PATH_MAX];
	int len = snprintf(temp, sizeof(temp), "%s.new", path);
	if (len < 0 || (size_t)len >= sizeof(temp))
		return err_sys(e, ENAMETOOLONG, "cannot write %s", path);

	auto_close int fd = open_new(temp, mode);
	if (fd < 0)
		return err_sys(e, errno, "cannot create %s", temp);
	int r = write_all(fd, text, n);
	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(temp, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(temp);
		return err_sys(e, -r, "cannot write %s", path);
	}
	r = durable ? sync_parent(path) : 0;
	return r < 0 ? err_sys(e, -r, "cannot sync the folder of %s", path) : 0;
}

int file_write_atomic(const char *path, mode_t mode, const char *text, size_t n, struct err *e)
{
	return replace(path, mode, text, n, true, e);
}

int file_write_replace(const char *path, mode_t mode, const char *text, size_t n, struct err *e)
{
	return replace(path, mode, text, n, false, e);
}

int file_remove(const char *path, struct err *e)
{
	if (unlink(path) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, errno, "cannot remove %s", path);
	}
	int r = sync_parent(path);
	return r < 0 ? err_sys(e, -r, "cannot sync the folder of %s", path) : 0;
}

int file_make_dirs(const char *path, mode_t mode, struct err *e)
{
	char part[PATH_MAX];

	if (!copy_text(part, sizeof(part), path))
		return err_sys(e, ENAMETOOLONG, "cannot create %s", path);
	for (char *p = part + 1;; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		char kept = *p;
		*p = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return err_sys(e, errno, "cannot create the folder %s", part);
		*p = kept;
		if (!kept)
			return 0;
	}
}

int file_write_proc(const char *path, const char *value)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write_all(fd, value, strlen(value));
}

int file_read_proc(const char *path, char *buf, size_t cap)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, buf, cap - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}
