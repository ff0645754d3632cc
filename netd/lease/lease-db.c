/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-db.c — leases and their history in SQLite.
 *
 * Networks, addresses and MACs are stored as text, so that `sqlite3 leases.db` answers a person's
 * questions. A row of history opens when a client gets an address and closes when it loses it;
 * renewals don't touch it. */
#include "netd/lease/lease-db-internal.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUSY_MSEC  2000 /* a person's sqlite3 may hold the file for so long */
#define TRIM_EVERY 256  /* rows of history that may be too many */

/* clang-format off */
static const char *const sql[ST_COUNT] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_ROLLBACK] = "ROLLBACK",
	[ST_FIND] = "SELECT mac, client_id, iaid, hostname, expiry, state FROM lease WHERE network = ?1 AND address = ?2",
	[ST_PUT] = "INSERT INTO lease (network, address, mac, client_id, iaid, hostname, start, expiry, first_seen, state)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (network, address) DO UPDATE SET"
		" mac = ?3, client_id = ?4, iaid = ?5, hostname = ?6, start = ?7, expiry = ?8, first_seen = ?9, state = ?10",
	[ST_REMOVE] = "DELETE FROM lease WHERE network = ?1 AND address = ?2",
	[ST_FORGET] = "DELETE FROM lease WHERE network = ?1",
	[ST_OPEN] = "INSERT INTO history (network, address, mac, client_id, iaid, hostname, start, until)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
	[ST_CLOSE] = "UPDATE history SET until = ?3 WHERE network = ?1 AND address = ?2 AND until = 0",
	[ST_CLOSE_ALL] = "UPDATE history SET until = ?3 WHERE network = ?1 AND until = 0",
	[ST_RENAME] = "UPDATE history SET hostname = ?3 WHERE network = ?1 AND address = ?2 AND until = 0",
	[ST_TRIM] = "DELETE FROM history WHERE id <= (SELECT max(id) FROM history) - ?1",
	[ST_LOAD] = "SELECT network, address, mac, client_id, iaid, hostname, start, expiry, first_seen, state FROM lease",
	[ST_HISTORY] = "SELECT network, address, mac, client_id, iaid, hostname, start, until FROM history"
		" WHERE network = ?1 AND (?2 IS NULL OR address = ?2) ORDER BY id DESC LIMIT ?3",
};

static const char schema[] =
	"CREATE TABLE lease (network TEXT NOT NULL, address TEXT NOT NULL, mac TEXT NOT NULL, client_id BLOB NOT NULL,"
	" iaid INTEGER NOT NULL, hostname TEXT NOT NULL, start INTEGER NOT NULL, expiry INTEGER NOT NULL,"
	" first_seen INTEGER NOT NULL, state INTEGER NOT NULL, PRIMARY KEY (network, address)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE history (id INTEGER PRIMARY KEY, network TEXT NOT NULL, address TEXT NOT NULL, mac TEXT NOT NULL,"
	" client_id BLOB NOT NULL, iaid INTEGER NOT NULL, hostname TEXT NOT NULL, start INTEGER NOT NULL,"
	" until INTEGER NOT NULL) STRICT;"
	"CREATE INDEX history_open ON history (network, address) WHERE until = 0;"
	"PRAGMA user_version = 1;";
/* clang-format on */

static int errno_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EBADMSG;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return EROFS;
	case SQLITE_CANTOPEN:
		return ENOENT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EBUSY;
	case SQLITE_NOMEM:
		return ENOMEM;
	default:
		return EIO;
	}
}

int lease_db_failed(const struct lease_db *db, int rc, const char *what, struct err *e)
{
	err_set(e, ERR_OPERATION_FAILED, "lease store %s: cannot %s: %s", db->path, what,
		!db->db || sqlite3_extended_errcode(db->db) != rc ? sqlite3_errstr(rc)
								  : sqlite3_errmsg(db->db));
	if (e)
		e->code = errno_of(rc);
	return -errno_of(rc);
}

char *lease_db_beside(const char *path, const char *suffix)
{
	struct text t = { 0 };

	text_addf(&t, "%s%s", path, suffix);
	return text_take(&t);
}

/* --- statements --- */

static int prepare(struct lease_db *db, enum statement which)
{
	if (!db->st[which])
		return sqlite3_prepare_v3(db->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT,
					  &db->st[which], NULL);
	return SQLITE_OK;
}

/* Run a statement that returns no rows; what is bound was bound by the caller. */
static int run(struct lease_db *db, enum statement which)
{
	int rc = sqlite3_step(db->st[which]);

	sqlite3_reset(db->st[which]);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int run_plain(struct lease_db *db, enum statement which)
{
	int rc = prepare(db, which);

	return rc == SQLITE_OK ? run(db, which) : rc;
}

/* The text forms that are bound; they must live until the statement has run. */
struct key {
	char network[UUID_TEXT_MAX], address[IP_TEXT_MAX];
};

static struct key key_of(const struct uuid *network, const struct ip *address)
{
	struct key k = { "", "" };

	uuid_format(network, k.network);
	if (address)
		ip_format(address, k.address);
	return k;
}

static int bind_key(struct lease_db *db, enum statement which, const struct key *k)
{
	int rc = prepare(db, which);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(db->st[which], 1, k->network, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK && k->address[0])
		rc = sqlite3_bind_text(db->st[which], 2, k->address, -1, SQLITE_STATIC);
	else if (rc == SQLITE_OK && which == ST_HISTORY)
		rc = sqlite3_bind_null(db->st[which], 2);
	return rc;
}

/* mac, client_id, iaid, hostname: parameters 3 to 6. */
static int bind_client(struct lease_db *db, enum statement which, const struct lease_record *r,
		       char mac[static MAC_TEXT_MAX])
{
	sqlite3_stmt *st = db->st[which];
	int rc = sqlite3_bind_text(st, 3, mac_format(&r->mac, mac), -1, SQLITE_STATIC);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_blob(st, 4, r->n_client_id ? (const void *)r->client_id : "",
				       r->n_client_id, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_int64(st, 5, r->iaid);
	return rc == SQLITE_OK ? sqlite3_bind_text(st, 6, r->hostname, -1, SQLITE_STATIC) : rc;
}

static int bind_number(struct lease_db *db, enum statement which, int at, uint64_t value)
{
	return sqlite3_bind_int64(db->st[which], at, (sqlite3_int64)value);
}

/* --- opening --- */

static int exec(struct lease_db *db, const char *text)
{
	return sqlite3_exec(db->db, text, NULL, NULL, NULL);
}

/* The first column of the first row, as a number or compared with `word`. */
static int query(struct lease_db *db, const char *text, int *ret_number, const char *word,
		 bool *ret_same)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db->db, text, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW && ret_number)
		*ret_number = sqlite3_column_int(st, 0);
	if (rc == SQLITE_ROW && word) {
		const char *got = (const char *)sqlite3_column_text(st, 0);
		*ret_same = got && strcmp(got, word) == 0;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_ROW ? SQLITE_OK : rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

static int note_wal(void *data, sqlite3 *unused, const char *name, int pages)
{
	struct lease_db *db = data;

	db->wal_pages = pages;
	return SQLITE_OK;
}

static int bring_up(struct lease_db *db)
{
	bool sound = false;
	int version = 0;
	int rc = exec(
	    db,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
	    " PRAGMA trusted_schema = OFF;");

	if (rc == SQLITE_OK)
		rc = query(db, "PRAGMA quick_check(1)", NULL, "ok", &sound);
	if (rc == SQLITE_OK && !sound)
		rc = SQLITE_CORRUPT;
	if (rc == SQLITE_OK)
		rc = query(db, "PRAGMA user_version", &version, NULL, NULL);
	if (rc == SQLITE_OK && version == 0) {
		rc = exec(db, "BEGIN IMMEDIATE");
		if (rc == SQLITE_OK)
			rc = exec(db, schema);
		if (rc == SQLITE_OK)
			rc = exec(db, "COMMIT");
	}
	if (rc == SQLITE_OK) /* a probe for write access */
		rc = exec(db, "BEGIN IMMEDIATE; ROLLBACK");
	sqlite3_wal_hook(db->db, note_wal, db);
	return rc;
}

static struct lease_db *db_new(const char *path)
{
	struct lease_db *db = calloc(1, sizeof(*db));

	if (db)
		db->path = lease_db_beside(path, "");
	if (db && !db->path) {
		free(db);
		return NULL;
	}
	return db;
}

int lease_db_open(const char *path, uint64_t history_max, struct lease_db **ret, struct err *e)
{
	struct lease_db *db = db_new(path);

	if (!db)
		return err_sys(e, ENOMEM, "lease store %s", path);
	db->history_max = history_max;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_EXRESCODE;
	int rc = sqlite3_open_v2(path, &db->db, flags, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db->db, BUSY_MSEC);
		rc = bring_up(db);
	}
	if (rc != SQLITE_OK) {
		rc = lease_db_failed(db, rc, "open it", e);
		lease_db_close(db);
		return rc;
	}
	*ret = db;
	return 0;
}

/* file:PATH?immutable=1, with what has a meaning in a URI escaped. */
static char *immutable_uri(const char *path)
{
	struct text t = { 0 };

	text_add(&t, "file:");
	for (const char *p = path; *p; p++)
		if (strchr("?#%", *p))
			text_addf(&t, "%%%02x", (unsigned char)*p);
		else
			text_add_n(&t, p, 1);
	text_add(&t, "?immutable=1");
	return text_take(&t);
}

int lease_db_open_readonly(const char *path, struct lease_db **ret, struct err *e)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, version;
	struct lease_db *db = db_new(path);
	auto_free char *uri = immutable_uri(path);

	if (!db || !uri) {
		lease_db_close(db);
		return err_sys(e, ENOMEM, "lease store %s", path);
	}
	int rc = sqlite3_open_v2(path, &db->db, flags, NULL);
	if (rc == SQLITE_OK)
		rc = query(db, "PRAGMA user_version", &version, NULL, NULL);
	if (rc != SQLITE_OK) { /* a write-ahead log needs writable memory beside it, unless nothing
				  can change */
		sqlite3_close(db->db);
		rc = sqlite3_open_v2(uri, &db->db, flags | SQLITE_OPEN_URI, NULL);
		if (rc == SQLITE_OK)
			rc = query(db, "PRAGMA user_version", &version, NULL, NULL);
	}
	if (rc != SQLITE_OK) {
		rc = lease_db_failed(db, rc, "read it", e);
		lease_db_close(db);
		return rc;
	}
	sqlite3_busy_timeout(db->db, BUSY_MSEC);
	*ret = db;
	return 0;
}

void lease_db_close(struct lease_db *db)
{
	if (!db)
		return;
	lease_db_drop_snapshot(db);
	for (size_t i = 0; i < ST_COUNT; i++)
		sqlite3_finalize(db->st[i]);
	sqlite3_close(db->db);
	free(db->path);
	free(db);
}

/* --- reading --- */

static void column_text(sqlite3_stmt *st, int column, char *buf, size_t cap)
{
	const char *s = (const char *)sqlite3_column_text(st, column);

	copy_text(buf, cap, s ? s : "");
}

/* The columns that lease and history share, 0 to 6. A row that somebody has spoilt is passed over.
 */
static bool read_row(sqlite3_stmt *st, struct lease_record *r)
{
	const char *network = (const char *)sqlite3_column_text(st, 0);
	const char *address = (const char *)sqlite3_column_text(st, 1);
	const char *mac = (const char *)sqlite3_column_text(st, 2);
	const void *client_id = sqlite3_column_blob(st, 3);
	int n = sqlite3_column_bytes(st, 3);

	*r = (struct lease_record){ .iaid = (uint32_t)sqlite3_column_int64(st, 4) };
	if (!network || !address || !mac || uuid_parse(network, &r->network) < 0 ||
	    ip_parse(address, &r->address) < 0 || mac_parse(mac, &r->mac) < 0 ||
	    n > LEASE_CLIENT_ID_MAX)
		return false;
	if (n > 0)
		memcpy(r->client_id, client_id, (size_t)n);
	r->n_client_id = (uint8_t)n;
	column_text(st, 5, r->hostname, sizeof(r->hostname));
	r->start = (uint64_t)sqlite3_column_int64(st, 6);
	return true;
}

ssize_t lease_db_load(struct lease_db *db, lease_store_record_fn *record, void *data, struct err *e)
{
	struct lease_record r;
	ssize_t n = 0;
	int rc = prepare(db, ST_LOAD);
	sqlite3_stmt *st = db->st[ST_LOAD];

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		int state = sqlite3_column_int(st, 9);
		rc = SQLITE_OK;
		if (!read_row(st, &r) || state < LEASE_RECORD_BOUND ||
		    state > LEASE_RECORD_DECLINED)
			continue;
		r.expiry = (uint64_t)sqlite3_column_int64(st, 7);
		r.first_seen = (uint64_t)sqlite3_column_int64(st, 8);
		r.state = (enum lease_record_state)state;
		record(data, &r);
		n++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? n : lease_db_failed(db, rc, "read the leases", e);
}

ssize_t lease_db_history(struct lease_db *db, const struct uuid *network, const struct ip *address,
			 size_t max, lease_store_history_fn *row, void *data, struct err *e)
{
	struct key k = key_of(network, address);
	struct lease_record r;
	ssize_t n = 0;
	int rc = bind_key(db, ST_HISTORY, &k);
	sqlite3_stmt *st = db->st[ST_HISTORY];

	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_HISTORY, 3, MIN_OF(max, (size_t)INT32_MAX));
	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		rc = SQLITE_OK;
		if (!read_row(st, &r))
			continue;
		row(data, &r, r.start, (uint64_t)sqlite3_column_int64(st, 7));
		n++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? n : lease_db_failed(db, rc, "read the history", e);
}

/* --- changing --- */

int lease_db_begin(struct lease_db *db, struct err *e)
{
	int rc = run_plain(db, ST_BEGIN);

	db->changes = sqlite3_total_changes(db->db);
	return rc == SQLITE_OK ? 0 : lease_db_failed(db, rc, "begin a transaction", e);
}

int lease_db_commit(struct lease_db *db, struct err *e)
{
	int rc = run_plain(db, ST_COMMIT);

	return rc == SQLITE_OK ? 0 : lease_db_failed(db, rc, "commit", e);
}

bool lease_db_changed(const struct lease_db *db)
{
	return sqlite3_total_changes(db->db) != db->changes;
}

void lease_db_rollback(struct lease_db *db)
{
	if (!sqlite3_get_autocommit(db->db)) /* some failures have rolled back by themselves */
		(void)run_plain(db, ST_ROLLBACK);
}

/* What the stored row says about the client of the record that replaces it. */
struct before {
	bool held, same_client, same_name; /* held: the row is there and bound */
	uint64_t expiry;
};

static int find_before(struct lease_db *db, const struct key *k, const struct lease_record *r,
		       struct before *ret)
{
	char mac[MAC_TEXT_MAX];
	int rc = bind_key(db, ST_FIND, k);
	sqlite3_stmt *st = db->st[ST_FIND];

	*ret = (struct before){ 0 };
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		const char *old_mac = (const char *)sqlite3_column_text(st, 0);
		const char *hostname = (const char *)sqlite3_column_text(st, 3);
		const void *client_id = sqlite3_column_blob(st, 1);
		int n = sqlite3_column_bytes(st, 1);
		ret->held = sqlite3_column_int(st, 5) == LEASE_RECORD_BOUND;
		ret->expiry = (uint64_t)sqlite3_column_int64(st, 4);
		ret->same_client = old_mac && strcmp(old_mac, mac_format(&r->mac, mac)) == 0 &&
				   n == r->n_client_id &&
				   (n == 0 || memcmp(client_id, r->client_id, (size_t)n) == 0) &&
				   sqlite3_column_int64(st, 2) == r->iaid;
		ret->same_name = hostname && strcmp(hostname, r->hostname) == 0;
	}
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* A lease that had run out ended then, not when somebody noticed. */
static uint64_t end_of(uint64_t expiry, uint64_t now)
{
	return expiry ? MIN_OF(expiry, now) : now;
}

static int close_history(struct lease_db *db, enum statement which, const struct key *k,
			 uint64_t until)
{
	int rc = bind_key(db, which, k);

	if (rc == SQLITE_OK)
		rc = bind_number(db, which, 3, until);
	return rc == SQLITE_OK ? run(db, which) : rc;
}

static int trim_history(struct lease_db *db)
{
	if (++db->opened < TRIM_EVERY)
		return SQLITE_OK;
	db->opened = 0;
	int rc = prepare(db, ST_TRIM);
	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_TRIM, 1, db->history_max);
	return rc == SQLITE_OK ? run(db, ST_TRIM) : rc;
}

/* Nobody has had an address since the future, whatever the record was rounded to. */
static int open_history(struct lease_db *db, const struct key *k, const struct lease_record *r,
			uint64_t now)
{
	char mac[MAC_TEXT_MAX];
	int rc = bind_key(db, ST_OPEN, k);

	if (rc == SQLITE_OK)
		rc = bind_client(db, ST_OPEN, r, mac);
	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_OPEN, 7, MIN_OF(r->start, now));
	if (rc == SQLITE_OK)
		rc = run(db, ST_OPEN);
	return rc == SQLITE_OK ? trim_history(db) : rc;
}

static int rename_history(struct lease_db *db, const struct key *k, const char *hostname)
{
	int rc = bind_key(db, ST_RENAME, k);

	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(db->st[ST_RENAME], 3, hostname, -1, SQLITE_STATIC);
	return rc == SQLITE_OK ? run(db, ST_RENAME) : rc;
}

static int put_history(struct lease_db *db, const struct key *k, const struct lease_record *r,
		       const struct before *was, uint64_t now)
{
	bool holds = r->state == LEASE_RECORD_BOUND;
	int rc = SQLITE_OK;

	if (was->held && holds && was->same_client)
		return was->same_name ? SQLITE_OK : rename_history(db, k, r->hostname);
	if (was->held)
		rc = close_history(db, ST_CLOSE, k, end_of(was->expiry, now));
	return rc == SQLITE_OK && holds ? open_history(db, k, r, now) : rc;
}

static int put_lease(struct lease_db *db, const struct key *k, const struct lease_record *r)
{
	char mac[MAC_TEXT_MAX];
	int rc = bind_key(db, ST_PUT, k);

	if (rc == SQLITE_OK)
		rc = bind_client(db, ST_PUT, r, mac);
	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_PUT, 7, r->start);
	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_PUT, 8, r->expiry);
	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_PUT, 9, r->first_seen);
	if (rc == SQLITE_OK)
		rc = bind_number(db, ST_PUT, 10, r->state);
	return rc == SQLITE_OK ? run(db, ST_PUT) : rc;
}

int lease_db_put(struct lease_db *db, const struct lease_record *r, uint64_t now, struct err *e)
{
	struct key k = key_of(&r->network, &r->address);
	struct before was;
	int rc = find_before(db, &k, r, &was);

	if (rc == SQLITE_OK)
		rc = put_history(db, &k, r, &was, now);
	if (rc == SQLITE_OK)
		rc = put_lease(db, &k, r);
	return rc == SQLITE_OK ? 0 : lease_db_failed(db, rc, "write a lease", e);
}

int lease_db_remove(struct lease_db *db, const struct uuid *network, const struct ip *address,
		    uint64_t now, struct err *e)
{
	struct key k = key_of(network, address);
	struct lease_record nobody = { 0 };
	struct before was;
	int rc = find_before(db, &k, &nobody, &was);

	if (rc == SQLITE_OK && was.held)
		rc = close_history(db, ST_CLOSE, &k, end_of(was.expiry, now));
	if (rc == SQLITE_OK)
		rc = bind_key(db, ST_REMOVE, &k);
	if (rc == SQLITE_OK)
		rc = run(db, ST_REMOVE);
	return rc == SQLITE_OK ? 0 : lease_db_failed(db, rc, "remove a lease", e);
}

int lease_db_forget(struct lease_db *db, const struct uuid *network, uint64_t now, struct err *e)
{
	struct key k = key_of(network, NULL);
	int rc = close_history(db, ST_CLOSE_ALL, &k, now);

	if (rc == SQLITE_OK)
		rc = bind_key(db, ST_FORGET, &k);
	if (rc == SQLITE_OK)
		rc = run(db, ST_FORGET);
	return rc == SQLITE_OK ? 0 : lease_db_failed(db, rc, "remove a network's leases", e);
}
