/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-db.h — the lease store's file: one SQLite connection, used by one thread at a time.
 * Everything here may wait for the disk.
 *
 * Errors: -EBADMSG the file is damaged, -ENOSPC, -EROFS, -EIO, -ENOENT (it can't be opened), -EBUSY
 * (somebody holds it), -ENOMEM. */
#ifndef NETD_LEASE_DB_H
#define NETD_LEASE_DB_H

#include "netd/lease/lease-store.h"

struct lease_db;

/* Open or create for reading and writing; checks the file and brings its schema up. */
int lease_db_open(const char *path, uint64_t history_max, struct lease_db **ret, struct err *e)
    mustcheck;
/* Open what is there for reading, from read-only media too. */
int lease_db_open_readonly(const char *path, struct lease_db **ret, struct err *e) mustcheck;
void lease_db_close(struct lease_db *db); /* NULL is fine */

/* Move the file and its log away and put the snapshot (PATH.snapshot), if there is one, in its
 * place. */
int lease_db_set_aside(const char *path, struct err *e) mustcheck;
/* The same when that snapshot turns out to be damaged too: it is kept as PATH.snapshot.damaged. */
int lease_db_set_aside_all(const char *path, struct err *e) mustcheck;

ssize_t lease_db_load(struct lease_db *db, lease_store_record_fn *record, void *data, struct err *e)
    mustcheck;
ssize_t lease_db_history(struct lease_db *db, const struct uuid *network, const struct ip *address,
			 size_t max, lease_store_history_fn *row, void *data, struct err *e)
    mustcheck;

/* One transaction: begin, any number of changes, commit. After a failure of any of them: rollback.
 * `now` is wall time in seconds. */
int lease_db_begin(struct lease_db *db, struct err *e) mustcheck;
int lease_db_put(struct lease_db *db, const struct lease_record *r, uint64_t now, struct err *e)
    mustcheck;
int lease_db_remove(struct lease_db *db, const struct uuid *network, const struct ip *address,
		    uint64_t now, struct err *e) mustcheck;
int lease_db_forget(struct lease_db *db, const struct uuid *network, uint64_t now, struct err *e)
    mustcheck;
int lease_db_commit(struct lease_db *db, struct err *e) mustcheck;
void lease_db_rollback(struct lease_db *db);
/* Whether the last transaction changed anything: one that didn't says nothing about the disk. */
bool lease_db_changed(const struct lease_db *db);

/* Move the write-ahead log into the file when it has grown to `pages`. */
void lease_db_checkpoint(struct lease_db *db, int pages);

/* Copy a part of the file to the next snapshot, starting one when none is going on. Commits may
 * come between the parts. 1: the snapshot is complete and in place; 0: call again; else an error,
 * and this snapshot is given up. */
int lease_db_snapshot(struct lease_db *db, struct err *e) mustcheck;
bool lease_db_in_snapshot(const struct lease_db *db);
/* When the last snapshot was made, wall time in seconds; 0: there is none. */
uint64_t lease_db_snapshot_time(const char *path);

#endif
