/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lease store against a real disk: what it acknowledged is there afterwards, whatever happens
 * in between. */
#include "netd/lease/lease-store.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static char folder[64], path[128];

static const struct uuid net_a = { { 0xa } }, net_b = { { 0xb } };

static int make_folder(void **state)
{
	copy_text(folder, sizeof(folder), "/tmp/nt-leases-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/leases.db", folder);
	return 0;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {
		"leases.db",
		"leases.db-wal",
		"leases.db-shm",
		"leases.db.damaged",
		"leases.db.damaged.old",
		"leases.db.damaged-wal",
		"leases.db.damaged-shm",
		"leases.db.snapshot",
		"leases.db.snapshot.new",
		"leases.db.snapshot.new-journal",
		"leases.db.snapshot.damaged",
	};
	char file[200];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
		unlink(file);
	}
	return rmdir(folder);
}

static struct lease_record record(const struct uuid *network, uint32_t i)
{
	struct lease_record r = {
		.network = *network,
		.address = ip_from_v4(0x0a000000 + i),
		.mac = { { 0x52, 0x54, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } },
		.start = 1000 + i,
		.expiry = 4600 + i,
		.first_seen = 900 + i,
	};

	snprintf(r.hostname, sizeof(r.hostname), "guest%u", (unsigned)i);
	return r;
}

static struct lease_store *open_store(bool start)
{
	struct lease_store_options o = { .path = path, .history_max = 300 };
	struct lease_store *s = NULL;
	struct err e = { 0 };

	assert_int_equal(lease_store_open(&o, &s, &e), 0);
	if (start)
		assert_int_equal(lease_store_start(s, &e), 0);
	return s;
}

struct outcome {
	uint64_t last, n, durable;
	bool in_order;
};

static void count_outcome(void *data, uint64_t token, bool durable)
{
	struct outcome *o = data;

	o->in_order &= token > o->last;
	o->last = token;
	o->n++;
	o->durable += durable;
}

/* Wait until `n` completions have come. */
static void await(struct lease_store *s, struct outcome *o, uint64_t n)
{
	struct pollfd p = { .fd = lease_store_fd(s), .events = POLLIN };

	while (o->n < n) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		lease_store_completed(s, count_outcome, o);
	}
}

static uint64_t put_now(struct lease_store *s, const struct lease_record *r)
{
	struct outcome o = { .in_order = true };

	assert_int_equal(lease_store_put(s, r, 1), 0);
	await(s, &o, 1);
	return o.durable;
}

struct loaded {
	struct lease_record r[16];
	size_t n;
};

static void keep(void *data, const struct lease_record *r)
{
	struct loaded *l = data;

	if (l->n < ARRAY_LEN(l->r))
		l->r[l->n] = *r;
	l->n++;
}

/* What a new life of the daemon would find. */
static struct loaded reload(void)
{
	struct lease_store *s = open_store(false);
	struct loaded l = { .n = 0 };
	struct err e = { 0 };

	ssize_t n = lease_store_load(s, keep, &l, &e);
	assert_int_equal(n, l.n);
	lease_store_close(s);
	return l;
}

static void test_round_trip(void **state)
{
	struct lease_record r[4] = { record(&net_a, 1), record(&net_a, 2), record(&net_b, 1),
				     record(&net_b, 7) };
	struct lease_store *s = open_store(true);
	struct outcome o = { .in_order = true };

	memset(r[1].client_id, 0xee, LEASE_CLIENT_ID_MAX);
	r[1].client_id[3] = 0;
	r[1].n_client_id = LEASE_CLIENT_ID_MAX;
	memset(r[1].hostname, 'h', LEASE_HOSTNAME_MAX);
	r[1].expiry = 0;
	r[2].state = LEASE_RECORD_DECLINED;
	assert_int_equal(ip_parse("2001:db8::1:2", &r[3].address), 0);
	r[3].iaid = UINT32_MAX;
	r[3].mac = (struct mac){ { 0 } };
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(lease_store_put(s, &r[i], i + 1), 0);
	await(s, &o, 4);
	assert_int_equal(o.durable, 4);
	assert_true(o.in_order);
	lease_store_close(s);
	struct loaded l = reload();
	assert_int_equal(l.n, 4);
	for (size_t i = 0; i < 4; i++) {
		size_t j = 0;
		while (j < 4 && (!ip_equal(&l.r[j].address, &r[i].address) ||
				 !uuid_equal(&l.r[j].network, &r[i].network)))
			j++;
		assert_true(j < 4);
		assert_memory_equal(&l.r[j].mac, &r[i].mac, sizeof(struct mac));
		assert_int_equal(l.r[j].n_client_id, r[i].n_client_id);
		assert_memory_equal(l.r[j].client_id, r[i].client_id, LEASE_CLIENT_ID_MAX);
		assert_string_equal(l.r[j].hostname, r[i].hostname);
		assert_int_equal(l.r[j].iaid, r[i].iaid);
		assert_int_equal(l.r[j].start, r[i].start);
		assert_int_equal(l.r[j].expiry, r[i].expiry);
		assert_int_equal(l.r[j].first_seen, r[i].first_seen);
		assert_int_equal(l.r[j].state, r[i].state);
	}
}

static void test_remove_and_forget(void **state)
{
	struct lease_store *s = open_store(true);
	struct outcome o = { .in_order = true };

	for (uint32_t i = 1; i <= 5; i++) {
		struct lease_record a = record(&net_a, i), b = record(&net_b, i);
		assert_int_equal(lease_store_put(s, &a, 0), 0);
		assert_int_equal(lease_store_put(s, &b, 0), 0);
	}
	struct lease_record third = record(&net_a, 3);
	assert_int_equal(lease_store_remove(s, &net_a, &third.address, 1), 0);
	assert_int_equal(lease_store_forget_network(s, &net_b, 2), 0);
	await(s, &o, 2);
	assert_int_equal(o.durable, 2);
	lease_store_close(s);
	struct loaded l = reload();
	assert_int_equal(l.n, 4);
	for (size_t i = 0; i < l.n; i++) {
		assert_true(uuid_equal(&l.r[i].network, &net_a));
		assert_false(ip_equal(&l.r[i].address, &third.address));
	}
}

/* Records gather while a commit is in flight. */
static void test_grouping(void **state)
{
	struct lease_store *s = open_store(true);
	struct outcome o = { .in_order = true };
	struct lease_store_health h;

	for (uint32_t i = 1; i <= 2000; i++) {
		struct lease_record r = record(&net_a, i);
		assert_int_equal(lease_store_put(s, &r, i), 0);
	}
	await(s, &o, 2000);
	lease_store_health(s, &h);
	assert_int_equal(o.durable, 2000);
	assert_true(o.in_order);
	assert_true(h.writing);
	assert_int_equal(h.records, 2000);
	assert_true(h.commits >= 2000 / LEASE_STORE_BATCH && h.commits < 1000);
	assert_int_equal(h.waiting, 0);
	lease_store_close(s);
}

static void test_full_queue(void **state)
{
	struct lease_store *s = open_store(false); /* nobody takes anything off */
	struct lease_record r = record(&net_a, 1);

	for (uint32_t i = 0; i < LEASE_STORE_QUEUE; i++)
		assert_int_equal(lease_store_put(s, &r, i + 1), 0);
	assert_int_equal(lease_store_put(s, &r, 1), -ENOBUFS);
	lease_store_close(s);
}

struct past {
	struct {
		char hostname[32];
		uint64_t from, until;
	} row[16];
	size_t n;
};

static void keep_past(void *data, const struct lease_record *who, uint64_t from, uint64_t until)
{
	struct past *p = data;

	if (p->n < ARRAY_LEN(p->row)) {
		copy_text(p->row[p->n].hostname, sizeof(p->row[0].hostname), who->hostname);
		p->row[p->n].from = from;
		p->row[p->n].until = until;
	}
	p->n++;
}

static void test_history(void **state)
{
	struct lease_store *s = open_store(true);
	struct lease_record first = record(&net_a, 1), second = record(&net_a, 1);
	struct past p = { .n = 0 };
	struct err e = { 0 };

	put_now(s, &first);
	first.start = 2000; /* a renewal */
	first.expiry = 5600;
	put_now(s, &first);
	second.mac.b[5] = 0x99; /* somebody else gets the address, long after it ran out */
	second.start = 9000;
	second.expiry = 0;
	copy_text(second.hostname, sizeof(second.hostname), "other");
	put_now(s, &second);
	copy_text(second.hostname, sizeof(second.hostname), "renamed");
	put_now(s, &second);
	assert_int_equal(lease_store_history(s, &net_a, &first.address, 10, keep_past, &p, &e), 2);
	assert_string_equal(p.row[0].hostname, "renamed");
	assert_int_equal(p.row[0].from, 9000);
	assert_int_equal(p.row[0].until, 0);
	assert_string_equal(p.row[1].hostname, "guest1");
	assert_int_equal(p.row[1].from, 1001);
	assert_int_equal(p.row[1].until, 5600);
	second.state = LEASE_RECORD_RELEASED;
	put_now(s, &second);
	p.n = 0;
	assert_int_equal(lease_store_history(s, &net_a, NULL, 10, keep_past, &p, &e), 2);
	assert_true(p.row[0].until > 9000);
	lease_store_close(s);
}

static void test_history_is_bounded(void **state)
{
	struct lease_store *s = open_store(true);
	struct outcome o = { .in_order = true };
	struct past p = { .n = 0 };
	struct err e = { 0 };

	for (uint32_t i = 1; i <= 2000; i++) {
		struct lease_record r = record(&net_a, i);
		assert_int_equal(lease_store_put(s, &r, i), 0);
	}
	await(s, &o, 2000);
	assert_true(lease_store_history(s, &net_a, NULL, 10000, keep_past, &p, &e) >= 300);
	assert_true(p.n < 600);
	lease_store_close(s);
}

/* --- crashes --- */

static void tell_pipe(void *data, uint64_t token, bool durable)
{
	uint32_t i = (uint32_t)token;

	if (durable && write(*(int *)data, &i, sizeof(i)) != sizeof(i))
		_exit(1);
}

static void write_until_killed(int fd, uint32_t first)
{
	struct lease_store *s = open_store(true);
	struct pollfd p = { .fd = lease_store_fd(s), .events = POLLIN };

	for (uint32_t i = first;; i++) {
		struct lease_record r = record(&net_a, i);
		if (lease_store_put(s, &r, i) == -ENOBUFS)
			i--;
		if (i % 64 == 0) {
			poll(&p, 1, -1);
			lease_store_completed(s, tell_pipe, &fd);
		}
	}
}

static bool seen[1 << 20];

static void mark(void *data, const struct lease_record *r)
{
	uint32_t i = r->address.v4 - 0x0a000000;

	if (i < ARRAY_LEN(seen))
		seen[i] = true;
	(*(uint32_t *)data)++;
}

static void test_kill(void **state)
{
	uint32_t first = 1, acknowledged = 0;

	for (unsigned round = 0; round < 8; round++) {
		uint32_t i, loaded = 0;
		int fds[2], status;
		struct err e = { 0 };
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid_t pid = fork();
		if (pid == 0)
			write_until_killed(fds[1], first);
		close(fds[1]);
		/* Let it come to speed, then end it at a moment of no particular kind. */
		for (unsigned k = 0; k < 200; k++)
			assert_int_equal(read(fds[0], &i, sizeof(i)), sizeof(i));
		usleep(round * 1700);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		uint32_t last = i;
		while (read(fds[0], &i, sizeof(i)) == sizeof(i))
			last = i;
		close(fds[0]);
		struct lease_store *s = open_store(false);
		memset(seen, 0, sizeof(seen));
		assert_true(lease_store_load(s, mark, &loaded, &e) > 0);
		lease_store_close(s);
		for (i = 1; i <= last; i++)
			assert_true(seen[i]);
		acknowledged = last;
		first = loaded + 1;
	}
	assert_true(acknowledged > 1000);
}

static void spoil(const char *file, long at, size_t n)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	char junk[4096];

	memset(junk, 0x5a, sizeof(junk));
	assert_true(fd >= 0);
	for (size_t done = 0; done < n; done += sizeof(junk))
		assert_true(pwrite(fd, junk, sizeof(junk), at + (long)done) > 0);
	close(fd);
}

static void await_snapshot(struct lease_store *s)
{
	struct lease_store_health h;

	for (unsigned i = 0; i < 500; i++) {
		lease_store_health(s, &h);
		if (h.snapshot)
			return;
		usleep(10000);
	}
	fail_msg("no snapshot within five seconds");
}

static void fill(struct lease_store *s, uint32_t from, uint32_t n)
{
	struct outcome o = { .in_order = true };

	for (uint32_t i = from; i < from + n; i++) {
		struct lease_record r = record(&net_a, i);
		assert_int_equal(lease_store_put(s, &r, i), 0);
	}
	await(s, &o, n);
	assert_int_equal(o.durable, n);
}

/* Damage at the head, in the middle, over everything: the snapshot comes back, and the store works.
 */
static void test_damage(void **state)
{
	static const struct {
		long at;
		size_t n;
	} damages[] = { { 0, 4096 }, { 8192, 65536 }, { 100, 4096 } };

	struct lease_store *s = open_store(false);
	struct err e = { 0 };
	struct lease_store_health h;
	char damaged[160];

	assert_int_equal(lease_store_start(s, &e), 0);
	fill(s, 1, 500);
	lease_store_close(s);
	char snapshot[160];
	snprintf(snapshot, sizeof(snapshot), "%s.snapshot", path);
	unlink(snapshot);
	s = open_store(true);
	await_snapshot(s);
	lease_store_close(s);
	snprintf(damaged, sizeof(damaged), "%s.damaged", path);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		uint32_t n = 0;
		spoil(path, damages[i].at, damages[i].n);
		s = open_store(false);
		lease_store_health(s, &h);
		assert_true(h.writing);
		assert_int_equal(h.replaced, 1);
		assert_int_equal(lease_store_load(s, mark, &n, &e), 500);
		assert_int_equal(access(damaged, F_OK), 0);
		assert_int_equal(lease_store_start(s, &e), 0);
		struct lease_record r = record(&net_a, 1);
		assert_int_equal(put_now(s, &r), 1);
		lease_store_close(s);
	}
}

static void test_damaged_snapshot(void **state)
{
	struct lease_store *s = open_store(true);
	char snapshot[160];

	fill(s, 1, 100);
	await_snapshot(s);
	lease_store_close(s);
	snprintf(snapshot, sizeof(snapshot), "%s.snapshot", path);
	spoil(path, 0, 8192);
	spoil(snapshot, 0, 8192);
	assert_int_equal(reload().n, 0);
	s = open_store(true);
	fill(s, 1, 3);
	lease_store_close(s);
	assert_int_equal(reload().n, 3);
}

/* --- trouble with the disk: in a mount namespace of a child's own --- */

static void on_small_disk(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("small", folder, "tmpfs", 0, "size=512k") < 0)
			_exit(77);
		body();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static uint64_t put_range(struct lease_store *s, uint32_t from, uint32_t n)
{
	struct outcome o = { .in_order = true };

	for (uint32_t i = from; i < from + n; i++) {
		struct lease_record r = record(&net_a, i);
		must(lease_store_put(s, &r, i) == 0);
	}
	await(s, &o, n);
	return o.durable;
}

static void no_space(void)
{
	static const char zero[4096];
	struct lease_store *s = open_store(true);
	struct lease_store_health h;
	char file[128];

	must(put_range(s, 1, 100) == 100);
	await_snapshot(s);
	snprintf(file, sizeof(file), "%s/full", folder);
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, zero, sizeof(zero)) > 0)
		;
	close(fd);
	must(put_range(s, 101, 400) < 400); /* told, not dropped */
	lease_store_health(s, &h);
	must(!h.writing && h.failed > 0 && h.problem[0]);
	unlink(file);
	must(put_range(s, 101, 10) == 10);
	lease_store_health(s, &h);
	must(h.writing);
	lease_store_close(s);
	must(reload().n >= 110);
}

static void read_only(void)
{
	struct lease_store *s = open_store(true);
	struct lease_store_health h;

	must(put_range(s, 1, 50) == 50);
	lease_store_close(s);
	must(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	must(reload().n == 50);
	s = open_store(true);
	must(put_range(s, 51, 10) == 0);
	lease_store_health(s, &h);
	must(!h.writing && h.failed == 10);
	must(mount(NULL, folder, NULL, MS_REMOUNT, NULL) == 0);
	usleep(1100000); /* the next try is a second after the last */
	must(put_range(s, 51, 10) == 10);
	lease_store_close(s);
	must(reload().n == 60);
}

static void test_no_space(void **state)
{
	on_small_disk(no_space);
}

static void test_read_only(void **state)
{
	on_small_disk(read_only);
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_round_trip),
		store_test(test_remove_and_forget),
		store_test(test_grouping),
		store_test(test_full_queue),
		store_test(test_history),
		store_test(test_history_is_bounded),
		store_test(test_kill),
		store_test(test_damage),
		store_test(test_damaged_snapshot),
		store_test(test_no_space),
		store_test(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
