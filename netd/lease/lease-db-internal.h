/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-db-internal.h — the connection, for the files that work on it. */
#ifndef NETD_LEASE_DB_INTERNAL_H
#define NETD_LEASE_DB_INTERNAL_H

#include "netd/lease/lease-db.h"

#include <sqlite3.h>

enum statement {
	ST_BEGIN,
	ST_COMMIT,
	ST_ROLLBACK,
	ST_FIND,
	ST_PUT,
	ST_REMOVE,
	ST_FORGET,
	ST_OPEN,
	ST_CLOSE,
	ST_CLOSE_ALL,
	ST_RENAME,
	ST_TRIM,
	ST_LOAD,
	ST_HISTORY,
	ST_COUNT,
};

struct lease_db {
	sqlite3 *db;
	sqlite3_stmt *st[ST_COUNT]; /* prepared at first use */
	char *path;
	uint64_t history_max;
	unsigned opened; /* rows of history since the last trimming */
	int wal_pages;
	int changes;   /* before the transaction, as SQLite counts them */
	sqlite3 *copy; /* the snapshot being made */
	sqlite3_backup *backup;
};

/* An error of SQLite's; its own words say more than the errno that is returned. */
int lease_db_failed(const struct lease_db *db, int rc, const char *what, struct err *e);

/* PATH with a suffix; NULL when out of memory. */
char *lease_db_beside(const char *path, const char *suffix) mustcheck;

void lease_db_drop_snapshot(struct lease_db *db);

#endif
