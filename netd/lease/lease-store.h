/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lease-store.h — who has which address, kept on disk (SQLite, WAL, synchronous=FULL).
 *
 * The store has a thread of its own that does everything which waits for the disk; the loop thread
 * only queues and collects. While one commit is in flight new records gather; when it ends they
 * make the next one (at most LEASE_STORE_BATCH), so the delay of a record is one flush of the disk
 * or two, whatever the load.
 *
 * A store that can't write goes on taking records: each is then completed with durable=false, so
 * that the caller decides what to tell the guest, and every later batch tries again. A damaged file
 * is set aside (PATH.damaged, an older one as PATH.damaged.old) and the last snapshot
 * (PATH.snapshot, hourly) takes its place.
 *
 * All functions belong to the loop thread. Times are seconds since 1970-01-01 UTC. */
#ifndef NETD_LEASE_STORE_H
#define NETD_LEASE_STORE_H

#include "base/addr.h"
#include "base/err.h"

#define LEASE_CLIENT_ID_MAX 255 /* octets: option 61 of DHCPv4, or a DUID */
#define LEASE_HOSTNAME_MAX  253
#define LEASE_STORE_QUEUE   32768 /* records taken and not yet completed */
#define LEASE_STORE_BATCH   128   /* records in one commit */

enum lease_record_state { LEASE_RECORD_BOUND, LEASE_RECORD_RELEASED, LEASE_RECORD_DECLINED };

/* The key is network and address. */
struct lease_record {
	struct uuid network;
	struct ip address;
	struct mac mac; /* zero: not known (DHCPv6) */
	uint8_t client_id[LEASE_CLIENT_ID_MAX];
	uint8_t n_client_id; /* 0: the client gave none */
	uint32_t iaid;       /* DHCPv6; 0 in DHCPv4 */
	char hostname[LEASE_HOSTNAME_MAX + 1];
	uint64_t start, expiry; /* expiry 0: infinite */
	uint64_t first_seen;    /* when this client first had this address */
	enum lease_record_state state;
};

struct lease_store_options {
	const char *path;       /* of the database; its folder must be there */
	uint64_t history_max;   /* rows of history that are kept; 0: 100000 */
	uint32_t snapshot_secs; /* between two snapshots; 0: 3600 */
};

struct lease_store;

/* Open or create, checking the file. A file that can't be written or even read is no failure:
 * health tells. Fails with -ENOMEM or when no eventfd is to be had. */
int lease_store_open(const struct lease_store_options *o, struct lease_store **ret, struct err *e)
    mustcheck;

/* Before lease_store_start(): call `record` for each stored record of all networks; its pointer is
 * valid during the call. Returns their number, or -errno (some may have been delivered). */
typedef void lease_store_record_fn(void *data, const struct lease_record *r);
ssize_t lease_store_load(struct lease_store *s, lease_store_record_fn *record, void *data,
			 struct err *e) mustcheck;

int lease_store_start(struct lease_store *s, struct err *e) mustcheck; /* the thread */

/* Finish what is queued, then close. NULL is fine. Completions not yet collected are lost. */
void lease_store_close(struct lease_store *s);

/* Queue a change; the record is copied. It is completed by lease_store_completed() with `token`, in
 * the order of queueing; token 0 wants no completion. 0, or -ENOBUFS when LEASE_STORE_QUEUE are
 * waiting (nothing was taken then), or -ENOMEM. */
int lease_store_put(struct lease_store *s, const struct lease_record *r, uint64_t token) mustcheck;
int lease_store_remove(struct lease_store *s, const struct uuid *network, const struct ip *address,
		       uint64_t token) mustcheck;
/* All records of a network. Its history stays until it is too old. */
int lease_store_forget_network(struct lease_store *s, const struct uuid *network, uint64_t token)
    mustcheck;

/* Readable: something was completed, or the store began or ceased to fail. */
int lease_store_fd(const struct lease_store *s);
/* durable: on disk, and no power failure takes it back. */
typedef void lease_store_completed_fn(void *data, uint64_t token, bool durable);
void lease_store_completed(struct lease_store *s, lease_store_completed_fn *done, void *data);

struct lease_store_health {
	bool writing; /* the last commit succeeded (true before the first, when the file is open) */
	char problem[256]; /* what failed last, or "" */
	uint64_t commits, records,
	    failed;        /* since open: transactions, changes in them, changes not durable */
	uint64_t waiting;  /* queued or in flight now */
	uint64_t snapshot; /* time of the last snapshot, 0: none since open */
	uint64_t replaced; /* how often a damaged file was set aside: what is in memory should be
			      put again */
};
void lease_store_health(struct lease_store *s, struct lease_store_health *ret);

/* Who held which address, newest first, at most `max`: read by a connection of its own, not for the
 * loop of a busy controller but for a person's question. `until` is 0 while it is held. `address`
 * may be NULL for all. Returns the number delivered, or -errno. */
typedef void lease_store_history_fn(void *data, const struct lease_record *who, uint64_t from,
				    uint64_t until);
ssize_t lease_store_history(struct lease_store *s, const struct uuid *network,
			    const struct ip *address, size_t max, lease_store_history_fn *row,
			    void *data, struct err *e) mustcheck;

#endif
