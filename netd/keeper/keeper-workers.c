/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log.h"
#include "netd/keeper/keeper-spawn.h"
#include "netd/keeper/keeper.h"
#include "netd/messages/messages.h"
#include "netd/worker/worker-page.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#define STATUS_NOT_STARTED (127 << 8)

static void tell_died(struct keeper *k, uint32_t id, int status)
{
	keeper_tell(k, &(struct keeper_message){ .type = MSG_DIED, .id = id, .number = status },
		    NULL, 0);
}

static void forget(struct keeper_worker *w)
{
	list_remove(&w->in_keeper);
	w->keeper->n_workers--;
	sd_event_source_disable_unref(w->child);
	free(w);
}

/* The status as wait(2) would have told it. */
static int wait_status(const siginfo_t *si)
{
	if (si->si_code == CLD_EXITED)
		return (si->si_status & 0xff) << 8;
	return si->si_status | (si->si_code == CLD_DUMPED ? 0x80 : 0);
}

static int on_death(sd_event_source *s, const siginfo_t *si, void *data)
{
	struct keeper_worker *w = data;

	log_debug("worker %u (process %d) has ended with wait status 0x%x", w->id, si->si_pid,
		  (unsigned)wait_status(si));
	if (!w->orphan)
		tell_died(w->keeper, w->id, wait_status(si));
	forget(w);
	return 0;
}

static struct keeper_worker *find(struct keeper *k, uint32_t id)
{
	struct keeper_worker *w;

	list_foreach (w, &k->workers, struct keeper_worker, in_keeper)
		if (w->id == id && !w->orphan)
			return w;
	return NULL;
}

/* The page that the worker shares with the controller: a size that neither can change under the
 * other. */
static int make_page(struct err *e)
{
	auto_close int fd = memfd_create("netd-worker", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, WORKER_PAGE_SIZE) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_sys(e, errno, "cannot make a worker's shared page");
	return take_fd(&fd);
}

/* Start the process and watch it; the two descriptors for the controller are returned. */
static pid_t start(struct keeper *k, struct keeper_worker *w, const char *role, int ret_fds[2],
		   struct err *e)
{
	char *const argv[] = { k->worker_path, (char *)(uintptr_t)role,
			       (char *)(uintptr_t)k->paths->empty, NULL };
	int ends[2];

	auto_close int page = make_page(e);
	if (page < 0)
		return page;
	int r = channel_pair(ends, e);
	if (r < 0)
		return r;
	auto_close int ours = ends[0];
	auto_close int its = ends[1];
	pid_t pid = spawn_program(argv, its, page, e);
	if (pid < 0)
		return pid;
	r = sd_event_add_child(k->event, &w->child, pid, WEXITED, on_death, w);
	if (r < 0) {
		kill(pid, SIGKILL);
		return err_sys(e, -r, "cannot watch process %d", pid);
	}
	ret_fds[0] = take_fd(&ours);
	ret_fds[1] = take_fd(&page);
	return pid;
}

int keeper_spawn_worker(struct keeper *k, uint32_t id, const char *role)
{
	struct err e = { 0 };
	int fds[2];

	if (find(k, id))
		return -EPROTO;
	/* Not the controller's fault alone: those of one that died are counted until they have
	 * ended. */
	if (k->n_workers >= KEEPER_WORKERS_MAX) {
		log_err("worker %u (%s) is not started: there are %d", id, role,
			KEEPER_WORKERS_MAX);
		tell_died(k, id, STATUS_NOT_STARTED);
		return 0;
	}
	struct keeper_worker *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->keeper = k;
	w->id = id;
	list_add_tail(&k->workers, &w->in_keeper);
	k->n_workers++;
	pid_t pid = start(k, w, role, fds, &e);
	if (pid < 0) {
		log_err("worker %u (%s): %s", id, role, e.msg);
		forget(w);
		tell_died(k, id, STATUS_NOT_STARTED);
		return 0;
	}
	log_debug("worker %u (%s) is process %d", id, role, pid);
	keeper_tell(k, &(struct keeper_message){ .type = MSG_SPAWNED, .id = id, .number = pid },
		    fds, 2);
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static void end(struct keeper_worker *w)
{
	(void)sd_event_source_send_child_signal(w->child, SIGKILL, NULL, 0);
}

void keeper_kill_worker(struct keeper *k, uint32_t id)
{
	struct keeper_worker *w = find(k, id);

	if (w)
		end(w);
}

void keeper_orphan_workers(struct keeper *k)
{
	struct keeper_worker *w;

	list_foreach (w, &k->workers, struct keeper_worker, in_keeper) {
		w->orphan = true;
		end(w);
	}
}
