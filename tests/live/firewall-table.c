/* SPDX-License-Identifier: GPL-2.0-or-later */
/* firewall-table: the table in a real kernel. Needs root; works in a network namespace of its own
 * that goes with the process. Each repair case makes a change as a stranger would (by nft), and
 * wants it noticed and undone. */
#include "firewall/nft-internal.h"
#include "firewall/own.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned number, failures;

static void check(bool ok, const char *what)
{
	printf("%sok %u - %s\n", ok ? "" : "not ", ++number, what);
	failures += !ok;
}

/* Run nft with `option` and `command`; its output goes to `out` when that isn't NULL (at most `cap`
 * octets with the NUL). */
static int nft_with(const char *option, const char *command, char *out, size_t cap)
{
	int fds[2], status;
	size_t n = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fds[1], 1);
		execlp("nft", "nft", option, command, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	for (char c; read(fds[0], &c, 1) == 1;)
		if (out && n + 1 < cap)
			out[n++] = c;
	if (out)
		out[n] = '\0';
	close(fds[0]);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int nft(const char *command, char *out, size_t cap)
{
	return nft_with("-y", command, out, cap); /* -y: priorities as numbers, as we write them */
}

/* nft -f FILE with `n` octets of text in the file. */
static bool nft_file(const char *text, size_t n)
{
	char path[] = "/tmp/nt-firewall-XXXXXX";
	int fd = mkstemp(path), status = -1;
	bool written = fd >= 0 && write(fd, text, n) == (ssize_t)n;

	close_fd(&fd);
	pid_t pid = written ? fork() : -1;
	if (pid == 0) {
		execlp("nft", "nft", "-f", path, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	unlink(path);
	return status == 0;
}

/* --- networks --- */

struct subject {
	struct network n;
	struct network_ip ip[2];
	char name[16], bridge[16], dev[16];
};

static void make_network(struct subject *s, enum forward_mode mode, unsigned i, bool ipv6)
{
	static const struct uuid uuid = { { 0x11, 0x22, 0x33 } };

	*s = (struct subject){ 0 };
	snprintf(s->name, sizeof(s->name), "net%u", i);
	snprintf(s->bridge, sizeof(s->bridge), "virbr%u", i);
	s->n = (struct network){
		.name = s->name, .bridge = s->bridge, .uuid = uuid, .has_uuid = true
	};
	s->n.uuid.b[15] = (uint8_t)i;
	s->n.uuid.b[14] = (uint8_t)(i >> 8);
	s->n.forward.mode = mode;
	s->n.forward.nat.ipv6 = ipv6 ? TRI_YES : TRI_ABSENT;
	s->ip[0] = (struct network_ip){ .address = ip_from_v4(0x0a000001 + i * 256), .prefix = 24 };
	s->ip[1] = (struct network_ip){ .prefix = 64 };
	if (ip_parse("2001:db8::1", &s->ip[1].address) < 0)
		abort();
	s->ip[1].address.v6[7] = (uint8_t)i;
	s->ip[1].address.v6[6] = (uint8_t)(i >> 8);
	s->n.ips = s->ip;
	s->n.n_ips = ipv6 ? 2 : 1;
}

/* One of each kind. */
static const char own_rules[] =
    "in tcp dport 22 ip saddr 198.51.100.0/24 accept\n"
    "in udp dport 1000-2000 iifname eth7 drop\n"
    "in ct status dnat ip6 daddr 2001:db8::/33 reject\n"
    "out meta l4proto icmp ct state established,related accept\n"
    "out oifname eth7 ip6 saddr 2001:db8::1 accept comment \"its own\"\n";

static void want_one(struct fw_rows *rows, enum forward_mode mode, unsigned i, bool ipv6,
		     const struct fw_options *o)
{
	struct fw_own *own = NULL;
	struct subject s;
	struct err e = { 0 };

	make_network(&s, mode, i, ipv6);
	if (i == 5) {
		s.n.forward.nat.address_start = 0xcb007101;
		s.n.forward.nat.address_end = 0xcb007109;
		s.n.forward.nat.port_start = 500;
		s.n.forward.nat.port_end = 1000;
		copy_text(s.dev, sizeof(s.dev), "out0");
		s.n.forward.dev = s.dev;
	}
	struct fw_options with = *o;
	if (i == 3 && fw_own_parse(own_rules, &own, &e) == 0)
		with.own = own;
	if (e.code || fw_want_network(&s.n, &with, rows, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
	fw_own_free(own);
}

static void want_some(struct fw_rows *rows, const struct fw_options *o)
{
	if (fw_want_base(o, rows) < 0)
		exit(1);
	want_one(rows, FORWARD_NAT, 1, false, o);
	want_one(rows, FORWARD_NAT, 2, true, o);
	want_one(rows, FORWARD_ROUTE, 3, true, o);
	want_one(rows, FORWARD_NONE, 4, false, o);
	want_one(rows, FORWARD_NAT, 5, false, o);
	want_one(rows, FORWARD_OPEN, 6, false, o);
}

/* --- cases --- */

static struct fw_kernel *k;
static struct fw_watch *w;

static size_t sync_steps(const struct fw_rows *want)
{
	struct err e = { 0 };
	size_t steps = SIZE_MAX;

	if (fw_sync(k, want, NULL, &steps, &e) < 0)
		printf("# %s\n", e.msg);
	return steps;
}

static void test_first(const struct fw_rows *want)
{
	size_t steps = sync_steps(want);

	check(steps > 0 && steps != SIZE_MAX, "an empty kernel gets the table");
	check(fw_events(w) == FW_EVENT_OWN, "our own change is known as ours");
	check(sync_steps(want) == 0, "the second sync has nothing to do");
	check(fw_events(w) == FW_EVENT_NONE, "and nothing happens");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The listing's lines and elements, sorted: the order of maps and of hashed elements means nothing.
 */
static size_t pieces(char *listing, char **piece, size_t cap)
{
	size_t n = 0;

	for (char *p = listing; *p && n < cap;) {
		p += strspn(p, " \t\n,{}");
		size_t len = strcspn(p, "\n,{}");
		if (!len)
			break;
		piece[n++] = p;
		p += len + (p[len] != '\0');
		p[-1] = '\0';
		for (char *end = piece[n - 1] + len; end > piece[n - 1] && end[-1] == ' ';)
			*--end = '\0';
	}
	qsort(piece, n, sizeof(*piece), by_text);
	return n;
}

static bool same_listing(char *ours, char *theirs)
{
	char *a[2000], *b[2000];
	size_t n = pieces(ours, a, ARRAY_LEN(a)), m = pieces(theirs, b, ARRAY_LEN(b));

	for (size_t i = 0; i < n && i < m; i++)
		if (strcmp(a[i], b[i]) != 0) {
			printf("# ours: %s\n# text: %s\n", a[i], b[i]);
			return false;
		}
	return n == m && n > 50;
}

static void test_text(const struct fw_rows *want)
{
	static char ours[65536], theirs[65536];
	struct text t = { 0 };

	fw_rows_text(want, &t);
	check(nft("list table inet netd", ours, sizeof(ours)) == 0 && ours[0],
	      "nft lists the table");
	check(strstr(ours, "comment \"replies to guests\"") != NULL,
	      "the rules explain themselves");
	nft("flush ruleset", NULL, 0);
	/* nft 1.0.6 looks for the chains of an interval map's elements before it has made them. */
	const char *elements = strstr(t.s, "add element");
	check(nft_file(t.s, (size_t)(elements - t.s)) && nft_file(elements, strlen(elements)),
	      "nft takes the text");
	nft("list table inet netd", theirs, sizeof(theirs));
	check(same_listing(ours, theirs), "text and expressions mean the same");
	text_done(&t);
	sync_steps(want);
	fw_events(w);
}

static void test_repairs(const struct fw_rows *want)
{
	static const char *const changes[] = {
		"flush ruleset",
		"delete table inet netd",
		"flush table inet netd",
		"flush chain inet netd in_net1",
		"flush chain inet netd forward",
		"add rule inet netd in_net1 counter accept",
		"insert rule inet netd in_net4 accept",
		"add rule inet netd forward drop",
		"add chain inet netd junk; add rule inet netd junk accept; add rule inet netd "
		"in_net1 jump junk",
		"add chain inet netd a; add chain inet netd b; add rule inet netd a jump b",
		"add chain inet netd own { type filter hook forward priority 10; policy drop; }",
		"add chain inet netd forward { policy drop; }",
		"delete element inet netd to_net { \"virbr1\" }",
		"delete element inet netd nat4_24 { 10.0.1.0 }",
		"add element inet netd to_net { \"eth0\" : drop }",
		"add element inet netd nat4_24 { 10.0.1.7 : accept }",
		"add element inet netd nat4 { 192.0.2.5-192.0.2.9 : accept }",
		"delete element inet netd to_net { \"virbr1\" }; add element inet netd to_net { "
		"\"virbr1\" : accept }",
		"delete element inet netd to_net { \"virbr1\" }; add element inet netd to_net { "
		"\"virbr1\" : jump in_net2 }",
		"add set inet netd names { type ipv4_addr; }; add rule inet netd post ip saddr "
		"@names accept",
		"add table inet netd { flags dormant; }",
		"add counter inet netd his",
		"delete element inet netd from_net { \"virbr4\" }; flush chain inet netd out_net4; "
		"delete chain inet netd out_net4",
	};

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		char what[200];
		bool made = nft(changes[i], NULL, 0) == 0;
		enum fw_event event = fw_events(w);
		size_t steps = sync_steps(want), again = sync_steps(want);
		snprintf(what, sizeof(what), "%.120s: event %u, %zu steps, then %zu", changes[i],
			 event, steps, again);
		check(made && event == FW_EVENT_FOREIGN && steps > 0 && steps != SIZE_MAX &&
			  again == 0,
		      what);
		fw_events(w);
	}
	nft("add table ip other", NULL, 0);
	check(fw_events(w) == FW_EVENT_NONE, "another table is none of our business");
	check(sync_steps(want) == 0, "and stays");
	check(nft("list table ip other", NULL, 0) == 0, "it is there");
}

static void test_restart(const struct fw_rows *want)
{
	struct fw_options o = { 0 };
	struct fw_state *had = NULL;
	struct fw_plan *p = NULL;
	struct err e = { 0 };
	struct fw_rows fewer = { 0 };

	if (fw_want_base(&o, &fewer) < 0)
		exit(1);
	bool ok = fw_have(k, &o, &had, &e) == 0 && fw_plan_all(had, &fewer, &p, &e) == 0;
	nft("add table ip between", NULL, 0);
	check(ok && fw_apply(k, p, &e) == -ERESTART,
	      "a ruleset that changed since the dump stops the plan");
	fw_plan_free(p);
	fw_state_free(had);
	check(sync_steps(&fewer) > 0 && sync_steps(&fewer) == 0,
	      "all networks can be removed at once");
	struct fw_rows none = { 0 };
	check(sync_steps(&none) == 1 && nft("list table inet netd", NULL, 0) != 0,
	      "and the table too");
	sync_steps(want);
	fw_rows_done(&fewer);
}

static int change_one(struct fw_state *had, unsigned i, bool add, usec_t *ret_plan,
		      usec_t *ret_apply)
{
	struct fw_options o = { 0 };
	struct fw_rows rows = { 0 };
	struct fw_plan *p = NULL;
	struct err e = { 0 };
	struct subject s;
	usec_t start = clock_boottime();

	make_network(&s, FORWARD_NAT, i, false);
	int rc = add ? fw_want_network(&s.n, &o, &rows, &e) : 0;
	if (rc == 0)
		rc = fw_plan_network(had, s.name, &s.n.uuid, &rows, &o, &p, &e);
	usec_t planned = clock_boottime();
	if (rc == 0)
		rc = fw_apply(k, p, &e);
	*ret_apply = clock_boottime() - planned;
	*ret_plan = planned - start;
	if (rc == 0)
		rc = fw_state_commit(had, p);
	else
		printf("# %s\n", e.msg);
	fw_plan_free(p);
	fw_rows_done(&rows);
	return rc;
}

/* Start and stop one network while `others` run, planned from memory; the shortest of several. */
static void measure(unsigned others)
{
	struct fw_options o = { 0 };
	struct fw_rows rows = { 0 };
	struct fw_state *had = NULL;
	struct err e = { 0 };
	usec_t plan, apply,
	    best[4] = { USEC_INFINITY, USEC_INFINITY, USEC_INFINITY, USEC_INFINITY };
	bool ok = fw_want_base(&o, &rows) == 0;

	for (unsigned i = 10; i < 10 + others; i++)
		want_one(&rows, FORWARD_NAT, i, false, &o);
	usec_t start = clock_boottime();
	ok = ok && fw_sync(k, &rows, &had, NULL, &e) == 0;
	usec_t synced = clock_boottime();
	size_t steps = sync_steps(&rows);
	printf("# %u networks at once: %llu us; a dump that finds nothing to do: %llu us\n", others,
	       (unsigned long long)(synced - start),
	       (unsigned long long)(clock_boottime() - synced));
	check(ok && steps == 0, "many networks in one transaction");
	for (unsigned i = 0; i < 20 && ok; i++) {
		ok = change_one(had, 5000 + i, true, &plan, &apply) == 0;
		best[0] = MIN_OF(best[0], plan);
		best[1] = MIN_OF(best[1], apply);
		ok = ok && change_one(had, 5000 + i, i == 0, &plan, &apply) ==
			       0; /* the first: start twice */
		best[2] = MIN_OF(best[2], plan);
		best[3] = MIN_OF(best[3], i ? apply : best[3]);
	}
	ok = ok && change_one(had, 5000, false, &plan, &apply) == 0;
	check(ok && sync_steps(&rows) == 0, "what was planned from memory is what the kernel has");
	printf("# one network beside %u: add plan %llu apply %llu us, remove plan %llu apply %llu "
	       "us\n",
	       others, (unsigned long long)best[0], (unsigned long long)best[1],
	       (unsigned long long)best[2], (unsigned long long)best[3]);
	fw_state_free(had);
	fw_rows_done(&rows);
}

/* A rule that is right stays, with its counter, while the rest is repaired; a socket lives on in
 * another process. */
static void test_stays(const struct fw_rows *want)
{
	static char before[65536], after[65536];
	struct fw_counter c[8];
	struct fw_kernel *second = NULL;
	struct err e = { 0 };
	size_t steps = 0;

	nft_with("-a", "list chain inet netd out_net1", before, sizeof(before));
	nft("flush chain inet netd in_net1", NULL, 0);
	int fd = fcntl(fw_kernel_fd(k), F_DUPFD_CLOEXEC, 3);
	bool opened =
	    fw_kernel_open(fd, &second, &e) == 0 && fw_kernel_port(second) == fw_kernel_port(k);
	check(opened && fw_sync(second, want, NULL, &steps, &e) == 0 && steps == 2,
	      "an inherited socket serves");
	fw_kernel_free(second);
	nft_with("-a", "list chain inet netd out_net1", after, sizeof(after));
	check(before[0] && strcmp(before, after) == 0,
	      "rules that are right are not written again");
	check(fw_counters(k, "in_net1", c, ARRAY_LEN(c), &e) == 3 && c[0].packets == 0,
	      "counters can be read");
	check(fw_counters(k, "in_nobody", c, ARRAY_LEN(c), &e) <= 0, "those of no chain can't");
	fw_events(w);
}

/* Sync by a writer of its own; the steps it took, SIZE_MAX after a failure. */
static size_t owner_steps(struct fw_kernel *owner, const struct fw_rows *want)
{
	struct err e = { 0 };
	size_t steps = SIZE_MAX;

	if (fw_sync(owner, want, NULL, &steps, &e) < 0)
		printf("# %s\n", e.msg);
	return steps;
}

/* The owner dies; its table is adopted as it is, and given up again. */
static void test_owner_changes(struct fw_kernel *owner, struct fw_rows *rows)
{
	static char before[65536], after[65536];
	struct fw_kernel *next = NULL;
	struct err e = { 0 };

	check(sync_steps(rows) == SIZE_MAX, "another writer can't change it either");
	nft_with("-a", "list chain inet netd forward", before, sizeof(before));
	fw_kernel_free(owner);
	check(nft("list table inet netd", NULL, 0) == 0, "it stays when its owner dies");
	check(fw_kernel_open(-1, &next, &e) == 0 && owner_steps(next, rows) == 1 &&
		  owner_steps(next, rows) == 0,
	      "the next owner adopts it");
	nft_with("-a", "list chain inet netd forward", after, sizeof(after));
	check(before[0] && strcmp(before, after) == 0, "as it is");
	nft("flush ruleset", NULL, 0);
	check(nft("list table inet netd", NULL, 0) == 0, "and protects it");
	rows->owner = false;
	check(owner_steps(next, rows) > 1 && nft("add chain inet netd his", NULL, 0) == 0,
	      "it can be given up");
	rows->owner = true;
	check(owner_steps(next, rows) > 1 && nft("add chain inet netd his", NULL, 0) != 0,
	      "and owned again");
	fw_kernel_free(next);
}

/* As on a kernel before 6.9. */
static void test_owner_by_socket(const struct fw_rows *rows)
{
	struct fw_options o = { .owner = true };
	struct fw_kernel *owner = NULL, *heir = NULL;
	struct err e = { 0 };

	nft("delete table inet netd", NULL, 0);
	if (fw_kernel_open(-1, &owner, &e) < 0)
		return check(false, e.msg);
	owner->no_persist = true;
	check(owner_steps(owner, rows) > 1 && owner_steps(owner, rows) == 0 &&
		  fw_lives_by_socket(owner, &o),
	      "a table that lives by its socket");
	int copy = fcntl(fw_kernel_fd(owner), F_DUPFD_CLOEXEC, 3);
	fw_kernel_free(owner);
	nft("flush ruleset", NULL, 0);
	check(nft("list table inet netd", NULL, 0) == 0 && fw_kernel_open(copy, &heir, &e) == 0,
	      "a copy of the socket keeps it");
	heir->no_persist = true;
	check(owner_steps(heir, rows) == 0, "and its holder is the owner");
	fw_kernel_free(heir);
	check(nft("list table inet netd", NULL, 0) != 0, "it goes with the last copy");
}

static void test_owner(void)
{
	struct fw_options o = { .owner = true };
	struct fw_rows rows = { 0 };
	struct fw_kernel *owner = NULL;
	struct err e = { 0 };
	size_t steps = 0;
	bool ok = fw_want_base(&o, &rows) == 0 && fw_kernel_open(-1, &owner, &e) == 0;

	nft("delete table inet netd", NULL, 0);
	ok = ok && fw_sync(owner, &rows, NULL, &steps, &e) == 0 && steps > 0;
	check(ok && fw_sync(owner, &rows, NULL, &steps, &e) == 0 && steps == 0, "an owned table");
	check(nft("add chain inet netd his", NULL, 0) != 0, "strangers can't change it");
	nft("flush ruleset", NULL, 0);
	check(nft("list table inet netd", NULL, 0) == 0, "nor flush it");
	test_owner_changes(owner, &rows);
	test_owner_by_socket(&rows);
	fw_rows_done(&rows);
}

static void test_errors(void)
{
	struct fw_state *had = fw_state_new();
	struct fw_options o = { 0 };
	struct fw_rows rows = { 0 };
	struct fw_plan *p = NULL;
	struct err e = { 0 };
	struct subject s;

	/* A state that doesn't know that the table is there already. */
	make_network(&s, FORWARD_NAT, 77, false);
	bool planned = had && fw_want_network(&s.n, &o, &rows, &e) == 0 &&
		       fw_plan_network(had, s.name, &s.n.uuid, &rows, &o, &p, &e) == 0;
	check(planned && fw_apply(k, p, &e) == -EEXIST, "an outdated plan fails as a whole");
	printf("# %s\n", e.msg);
	check(strstr(e.msg, "add table inet netd") != NULL, "the error names the object");
	check(nft("list chain inet netd in_net77", NULL, 0) != 0, "nothing of it was done");
	fw_plan_free(p);
	fw_state_free(had);
	fw_rows_done(&rows);
}

int main(void)
{
	struct fw_options plain = { 0 }, all = { .host_chains = true };
	struct fw_rows want = { 0 }, more = { 0 };
	struct err e = { 0 };

	if (unshare(CLONE_NEWNET) < 0 || fw_kernel_open(-1, &k, &e) < 0 ||
	    fw_watch_open(fw_kernel_port(k), &w, &e) < 0) {
		printf("1..0 # SKIP no network namespace: %s%s\n", strerror(errno), e.msg);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	want_some(&want, &plain);
	want_some(&more, &all);
	test_first(&want);
	test_text(&want);
	test_repairs(&want);
	check(sync_steps(&more) > 0 && sync_steps(&more) == 0, "host chains can be added");
	test_text(&more);
	check(sync_steps(&want) > 0 && sync_steps(&want) == 0, "and removed");
	test_stays(&want);
	test_restart(&want);
	test_errors();
	test_owner();
	measure(1);
	measure(100);
	measure(1000);
	printf("1..%u\n", number);
	fw_rows_done(&want);
	fw_rows_done(&more);
	fw_watch_free(w);
	fw_kernel_free(k);
	return failures != 0;
}
