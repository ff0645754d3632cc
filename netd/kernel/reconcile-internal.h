/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reconcile-internal.h — what the reconcile*.c files share: the line of tasks and the job that is
 * on its way. */
#ifndef NETD_RECONCILE_INTERNAL_H
#define NETD_RECONCILE_INTERNAL_H

#include "bridge/apply.h"
#include "firewall/nft.h"
#include "netd/kernel/reconcile.h"
#include "netd/kernel/repairs.h"
#include "netd/kernel/shaping.h"

#define QUIET_USEC     (3 * USEC_PER_SEC) /* without a change: then parked bridges are removed */
#define SWEEP_GAP_USEC (200 * USEC_PER_MSEC)

struct task {
	struct list node;        /* of reconcile.waiting */
	uint32_t net_id;         /* 0: the whole table of rules */
	reconcile_done_fn *done; /* NULL: a repair, nobody waits */
	void *data;
	unsigned rounds;
	struct err err;
};

struct reconcile {
	struct controller *c;
	struct kernel_socket *links; /* the kernel thread's while a job is on its way */
	struct fw_kernel *rules;     /* likewise */
	struct fw_watch *rules_watch;
	struct fw_state
	    *rules_had;         /* as we left the table; NULL: unknown, sync before the next plan */
	unsigned rules_touched; /* how often others have changed the table */
	bool unshared; /* several networks' rules failed together: until the line is empty each
			  goes alone */
	struct fw_options fw;
	struct list waiting;
	unsigned rules_turns; /* how often the whole table waits in it (a network: net.n_turns) */
	struct task *running;
	bool sweeping;         /* a parked bridge is being removed */
	sd_event_source *turn; /* begins the next task from the loop */
	sd_event_source *links_source,
	    *rules_source;         /* what the kernel tells; not heard while a job is on its way */
	sd_event_source *quiet;    /* timer */
	sd_event_source *audit;    /* timer */
	sd_event_source *forwards; /* timer: forwarding has stayed on */
	struct repairs *repairs;
};

/* One job of the kernel thread. */
struct work {
	struct job job;
	struct reconcile *r;
	bool wanted; /* start or repair; false: stop */
	struct bridge_plan links;
	struct uplink_note *note; /* to be on disk before the links are changed, or NULL */
	struct fw_plan *rules;
	bool shared; /* rules are several networks', and rules_had says already what they make */
	bool sync;   /* the whole table: `all` is wanted, rules_had comes out */
	struct fw_rows all;
	struct fw_state *had;
	char *name, *running_xml; /* the file in /run: to be written, or (NULL xml) removed */
	bool file, stop_asked;
	struct shaping_work shape;
	struct bridge_result result;
	bool rules_done, rules_stale;
	unsigned rules_touched; /* when this was planned */
	struct err err;
};

/* reconcile.c */

/* Begin the next task, if none is on its way. */
void reconcile_next_turn(struct reconcile *r);
/* net_id 0: the whole table of rules; done NULL: nobody waits. */
void reconcile_enqueue(struct reconcile *r, uint32_t net_id, reconcile_done_fn *done, void *data);
/* The table may be anything: read it before the next plan. */
void reconcile_forget_rules(struct reconcile *r);
/* What all running networks want; nothing (rows->base unset) without any. */
int reconcile_want_all_rules(struct reconcile *r, struct fw_rows *rows, struct err *e) mustcheck;
/* Take in what the job has changed. */
void reconcile_refresh_after(struct reconcile *r, const struct work *w);

/* reconcile-work.c */

/* `done` is called by the loop when the kernel thread has done the job. */
struct work *reconcile_work_new(struct reconcile *r, void (*done)(struct job *j)) mustcheck;
void reconcile_work_free(struct work *w);
/* The bridge that it made, or was about; 0: none. */
uint32_t reconcile_work_bridge(const struct work *w);

/* reconcile-watch.c */

/* What the mirror tells; `data` is the struct reconcile. */
void reconcile_link_changed(void *data, const struct mirror_change *change);
int reconcile_watch_open(struct reconcile *r, struct err *e) mustcheck;
void reconcile_watch_close(struct reconcile *r);

#endif
