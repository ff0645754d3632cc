/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-db-upkeep.c — what keeps the file well: checkpoints, snapshots, and what to do when it
 * isn't. */
#include "netd/lease/lease-db-internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SNAPSHOT_PAGES 64                /* copied at a time: 256 KiB */
#define FILE_MAX       ((size_t)1 << 30) /* a snapshot that is larger isn't put in place */

/* --- damage --- */

static int move(const char *path, const char *suffix, const char *to_suffix)
{
	auto_free char *from = lease_db_beside(path, suffix),
		       *to = lease_db_beside(path, to_suffix);

	if (!from || !to)
		return -ENOMEM;
	return rename(from, to) < 0 && errno != ENOENT ? -errno : 0;
}

int lease_db_set_aside(const char *path, struct err *e)
{
	auto_free char *snapshot = lease_db_beside(path, ".snapshot"), *content = NULL;
	size_t n;

	/* The log first: it must never meet the snapshot. */
	int rc = move(path, ".damaged", ".damaged.old");
	if (rc == 0)
		rc = move(path, "-wal", ".damaged-wal");
	if (rc == 0)
		rc = move(path, "-shm", ".damaged-shm");
	if (rc == 0)
		rc = move(path, "", ".damaged");
	if (rc < 0 || !snapshot)
		return err_sys(e, snapshot ? -rc : ENOMEM,
			       "lease store %s: cannot set the damaged file aside", path);
	if (access(snapshot, F_OK) < 0)
		return 0;
	rc = file_read(snapshot, FILE_MAX, &content, &n, e);
	return rc < 0 ? rc : file_write_atomic(path, 0600, content, n, e);
}

int lease_db_set_aside_all(const char *path, struct err *e)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	int rc = move(path, ".snapshot", ".snapshot.damaged");

	if (rc < 0)
		return err_sys(e, -rc, "lease store %s: cannot set the damaged snapshot aside",
			       path);
	/* The damaged file proper has been kept already; this one is a copy of the snapshot. */
	for (size_t i = 0; i < ARRAY_LEN(suffixes) && rc == 0; i++) {
		auto_free char *file = lease_db_beside(path, suffixes[i]);
		rc = file ? file_remove(file, e) : err_sys(e, ENOMEM, "lease store %s", path);
	}
	return rc;
}

void lease_db_drop_snapshot(struct lease_db *db)
{
	if (db->backup)
		sqlite3_backup_finish(db->backup);
	if (db->copy)
		sqlite3_close(db->copy);
	db->backup = NULL;
	db->copy = NULL;
}

/* --- upkeep --- */

void lease_db_checkpoint(struct lease_db *db, int pages)
{
	if (db->wal_pages < pages)
		return;
	/* What fails here fails again, and is told, at the next commit. */
	(void)sqlite3_wal_checkpoint_v2(db->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	db->wal_pages = 0;
}

bool lease_db_in_snapshot(const struct lease_db *db)
{
	return db->backup != NULL;
}

uint64_t lease_db_snapshot_time(const char *path)
{
	auto_free char *snapshot = lease_db_beside(path, ".snapshot");
	struct stat st;

	return snapshot && stat(snapshot, &st) == 0 ? (uint64_t)st.st_mtim.tv_sec : 0;
}

static int begin_snapshot(struct lease_db *db)
{
	auto_free char *path = lease_db_beside(db->path, ".snapshot.new");

	if (!path)
		return SQLITE_NOMEM;
	if (unlink(path) < 0 && errno != ENOENT)
		return SQLITE_IOERR;
	int rc =
	    sqlite3_open_v2(path, &db->copy,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		return rc;
	db->backup = sqlite3_backup_init(db->copy, "main", db->db, "main");
	return db->backup ? SQLITE_OK : sqlite3_errcode(db->copy);
}

/* Make the finished copy durable and put it in place. */
static int install_snapshot(const char *path)
{
	auto_free char *from = lease_db_beside(path, ".snapshot.new"),
		       *to = lease_db_beside(path, ".snapshot"), *dir = lease_db_beside(path, "");

	if (!from || !to || !dir)
		return SQLITE_NOMEM;
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	auto_close int fd = open(from, O_RDONLY | O_CLOEXEC);
	auto_close int dir_fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dir_fd < 0 || fsync(fd) < 0 || rename(from, to) < 0 || fsync(dir_fd) < 0)
		return SQLITE_IOERR;
	return SQLITE_OK;
}

int lease_db_snapshot(struct lease_db *db, struct err *e)
{
	int rc = db->backup ? SQLITE_OK : begin_snapshot(db);

	if (rc == SQLITE_OK)
		rc = sqlite3_backup_step(db->backup, SNAPSHOT_PAGES);
	if (rc == SQLITE_OK)
		return 0;
	if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 0;
	if (rc == SQLITE_DONE) {
		rc = sqlite3_backup_finish(db->backup);
		db->backup = NULL;
	}
	lease_db_drop_snapshot(db);
	if (rc == SQLITE_OK)
		rc = install_snapshot(db->path);
	return rc == SQLITE_OK ? 1 : lease_db_failed(db, rc, "make a snapshot", e);
}
