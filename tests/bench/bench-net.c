/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start and stop of networks by RPC, round by round beside the floor. Runs in netd's namespace and
 * makes the floor's own, which ends with the process, so that neither hears the other's events.
 *
 *   bench-net fresh SOCKET N NETCTL   N networks, each started once (its bridge is made) and
 * stopped bench-net again SOCKET N NETCTL   one network, started and stopped N times (its bridge is
 * taken from the parked ones) bench-net many SOCKET N           N networks: define, start, list;
 * they stay bench-net gone SOCKET N           those N: destroy, undefine bench-net floor-many N the
 * floor of N starts bench-net ready SOCKET N T0       wait until N are active; time since T0,
 * microseconds
 */
#include "bench.h"
#include "floor-net.h"
#include "rpc/client.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct rpc_client *client;
static struct err err;
static int netd_ns = -1, floor_ns = -1;

#define must(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			die("%s", err.msg);                                                        \
	} while (0)

/* Links can only be seen from inside. */
static bool name_is_free(const char *bridge)
{
	if (setns(netd_ns, CLONE_NEWNET) < 0)
		die_errno("setns");
	bool is_free = if_nametoindex(bridge) == 0;
	if (setns(floor_ns, CLONE_NEWNET) < 0)
		die_errno("setns");
	return is_free;
}

static void enter_floor(void)
{
	netd_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netd_ns < 0 || unshare(CLONE_NEWNET) < 0)
		die_errno("a network namespace for the floor");
	/* The new namespace's sysctls are reached by a process's own /proc/sys/net: no mount. */
	floor_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	floor_open();
}

static struct rpc_net define(unsigned i)
{
	char xml[1024], name[16];
	struct rpc_net net;

	snprintf(name, sizeof(name), "b%u", i);
	if (client_lookup_name(client, name, &net, &err) == 0)
		return net;
	snprintf(xml, sizeof(xml),
		 "<network><name>b%u</name><forward mode='nat'/>"
		 "<bridge name='br%u' stp='on' delay='0'/>"
		 "<ip address='10.%u.%u.1' netmask='255.255.255.0'><dhcp>"
		 "<range start='10.%u.%u.2' end='10.%u.%u.254'/></dhcp></ip></network>",
		 i, i, 64 + (i >> 8), i & 255, 64 + (i >> 8), i & 255, 64 + (i >> 8), i & 255);
	must(client_define_xml(client, xml, 0, &net, &err));
	return net;
}

/* A child from start to exit, as a shell sees it. */
static double run_process(const char *const argv[])
{
	posix_spawn_file_actions_t quiet;
	double t = now_us();
	pid_t pid;
	int status;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, argv[0], &quiet, NULL, (char *const *)(uintptr_t)argv, environ) !=
		0 ||
	    waitpid(pid, &status, 0) < 0)
		die_errno(argv[0]);
	posix_spawn_file_actions_destroy(&quiet);
	if (status)
		die("%s %s failed", argv[0], argv[1] ? argv[1] : "");
	return now_us() - t;
}

static void sample_steps(const char *of)
{
	struct floor_steps s = floor_steps();
	const struct {
		const char *name;
		double us;
	} all[] = { { "rules", s.rules },
		    { "link", s.link },
		    { "sysctls", s.sysctls },
		    { "up, address", s.address },
		    { "sockets", s.sockets } };
	char name[64];

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		snprintf(name, sizeof(name), "%s.%s", of, all[i].name);
		sample(name, all[i].us);
	}
}

typedef void action(unsigned i, const struct rpc_net *net);

static void do_floor_start(unsigned i, const struct rpc_net *net)
{
	double t = now_us();
	floor_start(i);
	sample("start.floor", now_us() - t);
	sample_steps("floor");
}

static void do_start(unsigned i, const struct rpc_net *net)
{
	double t = now_us();
	must(client_start(client, net, &err));
	sample("start.netd", now_us() - t);
}

static void do_floor_restart(unsigned i, const struct rpc_net *net)
{
	double t = now_us();
	floor_restart(0);
	sample("again.floor", now_us() - t);
}

static void do_restart(unsigned i, const struct rpc_net *net)
{
	double t = now_us();
	must(client_start(client, net, &err));
	sample("again.netd", now_us() - t);
}

static void do_floor_stop(unsigned i, const struct rpc_net *net)
{
	double t = now_us();
	floor_stop(i);
	sample("stop.floor", now_us() - t);
	floor_close(i);
}

static void do_stop(unsigned i, const struct rpc_net *net)
{
	char bridge[32];
	double t = now_us();
	must(client_destroy(client, net, &err));
	sample("stop.netd", now_us() - t);
	snprintf(bridge, sizeof(bridge), "br%u", i);
	if (!name_is_free(bridge))
		die("%s is still there after net-destroy", bridge);
}

/* Who goes first changes with each round. */
static void round_of(unsigned i, action *a, action *b, const struct rpc_net *net)
{
	usleep(2000); /* what the one before left to do */
	(i & 1 ? a : b)(i, net);
	usleep(2000);
	(i & 1 ? b : a)(i, net);
}

static void list(unsigned expected)
{
	struct rpc_row *rows;
	size_t n;
	double t = now_us();

	must(client_list(client, 0, &rows, &n, &err));
	sample("list", now_us() - t);
	if (n != expected)
		die("%zu networks, not %u", n, expected);
	free(rows);
}

/* A call that does nothing, from the same rest as a start: two wake-ups are what it costs. */
static void empty_call(const struct rpc_net *net)
{
	bool active;

	usleep(2000);
	double t = now_us();
	must(client_is_active(client, net, &active, &err));
	sample("rpc.netd", now_us() - t);
}

static void fresh(unsigned n)
{
	struct rpc_net *net = calloc(n, sizeof(*net));

	enter_floor();
	for (unsigned i = 0; i < n; i++) {
		double t = now_us();
		net[i] = define(i);
		sample("define", now_us() - t);
	}
	for (unsigned i = 0; i < n; i++) {
		round_of(i, do_floor_start, do_start, &net[i]);
		empty_call(&net[i]);
	}
	for (unsigned i = 0; i < n; i++)
		list(n);
	for (unsigned i = 0; i < n; i++)
		round_of(i, do_floor_stop, do_stop, &net[i]);
	for (unsigned i = 0; i < n; i++) {
		double t = now_us();
		floor_remove(i);
		sample("remove.floor", now_us() - t);
	}
	free(net);
}

/* The commands of netctl beside a program that does nothing. */
static void processes(unsigned n, const char *netctl, const char *root)
{
	const char *nothing[] = { "/bin/true", NULL };
	const char *ls[] = { netctl, "--root", root, "net-list", "--all", NULL };
	const char *start[] = { netctl, "--root", root, "net-start", "b0", NULL };
	const char *stop[] = { netctl, "--root", root, "net-destroy", "b0", NULL };

	for (unsigned i = 0; i < n; i++) {
		usleep(2000);
		sample("process.true", run_process(nothing));
		sample("process.net-list", run_process(ls));
		sample("process.net-start", run_process(start));
		usleep(2000);
		sample("process.net-destroy", run_process(stop));
	}
}

static void again(unsigned n, const char *netctl, const char *root)
{
	struct rpc_net net = define(0);

	enter_floor();
	floor_start(0);
	floor_stop(0);
	floor_close(0);
	must(client_start(client, &net, &err));
	must(client_destroy(client, &net, &err));
	for (unsigned i = 0; i < n; i++) {
		round_of(i, do_floor_restart, do_restart, &net);
		usleep(2000);
		floor_stop(0);
		floor_close(0);
		must(client_destroy(client, &net, &err));
	}
	processes(n, netctl, root);
}

static void many(unsigned n)
{
	struct rpc_net *net = calloc(n, sizeof(*net));

	for (unsigned i = 0; i < n; i++)
		net[i] = define(i);
	double t = now_us();
	for (unsigned i = 0; i < n; i++)
		must(client_start(client, &net[i], &err));
	sample("many.start", now_us() - t);
	for (unsigned i = 0; i < 20; i++)
		list(n);
	free(net);
}

static void gone(unsigned n)
{
	struct rpc_net net;
	double took = 0;

	for (unsigned i = 0; i < n; i++) {
		char name[16];
		snprintf(name, sizeof(name), "b%u", i);
		must(client_lookup_name(client, name, &net, &err));
		double t = now_us();
		must(client_destroy(client, &net, &err));
		took += now_us() - t;
	}
	sample("many.stop", took);
}

static void floor_many(unsigned n)
{
	enter_floor();
	double t = now_us();
	for (unsigned i = 0; i < n; i++)
		floor_start(i);
	sample("many.start.floor", now_us() - t);
	t = now_us();
	for (unsigned i = 0; i < n; i++)
		floor_stop(i);
	sample("many.stop.floor", now_us() - t);
	/* Not left to the namespace's end, which would hold RTNL while netd is measured. */
	for (unsigned i = 0; i < n; i++)
		floor_remove(i);
}

/* -1: nobody answers. */
static int count_active(const char *path)
{
	struct rpc_row *rows = NULL;
	size_t n = 0;
	int result = -1;

	if (client_open(path, true, &client, &err) < 0)
		return -1;
	if (client_list(client, RPC_LIST_ACTIVE, &rows, &n, &err) == 0)
		result = (int)n;
	free(rows);
	client_free(client);
	return result;
}

static void ready(const char *path, unsigned n, double since)
{
	bool answered = false;

	for (int active; (active = count_active(path)) < (int)n;) {
		if (!answered && active >= 0)
			sample("ready.answers", now_us() - since);
		answered |= active >= 0;
		if (now_us() - since > 60e6)
			die("%d of %u networks are active after a minute", active, n);
		usleep(answered ? 5000 : 500); /* an answer is work, too */
	}
	if (!answered)
		sample("ready.answers", now_us() - since);
	sample("ready.all", now_us() - since);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	uint32_t n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (parse_u32(argc > 3 ? argv[3] : argc > 2 ? argv[2] : "", 1, 4000, &n) < 0)
		die("usage: see the head of bench-net.c");
	if (!strcmp(what, "floor-many")) {
		floor_many(n);
		return 0;
	}
	if (!strcmp(what, "ready") && argc > 4) {
		ready(argv[2], n, strtod(argv[4], NULL));
		return 0;
	}
	must(client_open(argv[2], false, &client, &err));
	if (!strcmp(what, "fresh"))
		fresh(n);
	else if (!strcmp(what, "again") && argc > 5)
		again(n, argv[4], argv[5]);
	else if (!strcmp(what, "many"))
		many(n);
	else if (!strcmp(what, "gone"))
		gone(n);
	else
		die("usage: see the head of bench-net.c");
	client_free(client);
	return 0;
}
