// SPDX-License-Identifier: GPL-2.0-or-later
/* guest.c — guest-run, the outside: make the namespaces, have netd attach them, wait for the end.
 */
#include "netctl/guest.h"
#include "netctl/connect.h"

#include "base/table.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define GUEST_INTERFACE "eth0"

static volatile sig_atomic_t guest_pid;

/* ^C reaches the command by its own way, the terminal; what is sent to netctl is passed on. */
static void pass_on(int number)
{
	if (guest_pid > 0)
		kill(guest_pid, number);
}

/* The same name gets the same MAC, so that it gets the same address again. Locally administered
 * QEMU range. */
static void mac_of_name(const char *network, const char *name, char buf[static MAC_TEXT_MAX])
{
	static const uint8_t key[16] = "netctl guest-run";
	char both[512];
	uint64_t h;
	int n = snprintf(both, sizeof(both), "%s/%s", network, name);

	h = siphash24(both, (size_t)MIN_OF(n, (int)sizeof(both) - 1), key);
	snprintf(buf, MAC_TEXT_MAX, "52:54:00:%02x:%02x:%02x", (unsigned)(h >> 16 & 0xff),
		 (unsigned)(h >> 8 & 0xff), (unsigned)(h & 0xff));
}

static bool is_label(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 63 || name[0] == '-' || name[n - 1] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

/* fork() into new namespaces. 0 in the child; -1 with errno. */
static pid_t fork_namespaces(void)
{
	long flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | SIGCHLD;

	fflush(NULL);
	return (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
}

static int open_netns(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Have netd put the interface into the guest, and tell the guest to go on. Returns 0 or -1
 * (printed). */
static int attach(struct ctl *ctl, struct guest *g, const struct rpc_net *net, const char *mac,
		  pid_t pid)
{
	auto_close int netns = -1;
	struct rpc_attached at;
	struct guest_go go = { .interface = GUEST_INTERFACE };
	char ready;

	if (recv(g->line, &ready, 1, 0) != 1)
		return -1; /* it ended and has said why */
	guest_time(g, "namespaces made");
	netns = open_netns(pid);
	if (netns < 0) {
		fail(ctl, "cannot open the network namespace of guest '%s': %s", g->name,
		     strerror(errno));
		return -1;
	}
	if (client_guest_attach(ctl->client, net, GUEST_INTERFACE, mac, netns, &at, &ctl->err) <
	    0) {
		fail(ctl, "Failed to attach guest '%s' to network %s", g->name, net->name);
		return -1;
	}
	guest_time(g, "attached to %s by %s, MAC %s,", at.bridge, at.host_interface, at.mac);
	send(g->line, &go, sizeof(go), MSG_NOSIGNAL);
	return 0;
}

static int wait_guest(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return GUEST_FAILED;
	guest_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_guest(struct ctl *ctl, struct guest *g, const struct rpc_net *net, const char *mac)
{
	struct sigaction sa = { .sa_handler = pass_on, .sa_flags = SA_RESTART };
	int line[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, line) < 0)
		return fail(ctl, "cannot make a socket: %s", strerror(errno)), GUEST_FAILED;
	pid = fork_namespaces();
	if (pid == 0) {
		close(line[0]);
		g->line = line[1];
		_exit(guest_inside(g));
	}
	close(line[1]);
	g->line = line[0];
	if (pid < 0) {
		fail(ctl, "cannot make the namespaces of guest '%s': %s%s", g->name,
		     strerror(errno), errno == EPERM ? "; guest-run needs root" : "");
		close(line[0]);
		return GUEST_FAILED;
	}
	guest_pid = pid;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (attach(ctl, g, net, mac, pid) < 0) {
		close(line[0]); /* the guest sees the end and leaves */
		wait_guest(pid);
		return GUEST_FAILED;
	}
	return wait_guest(pid);
}

static int check_guest(const struct ctl *ctl, const struct guest *g, const char *mac)
{
	struct mac parsed;

	if (!g->command)
		return fail(ctl, "command 'guest-run' requires <command> after --");
	if (!is_label(g->name))
		return fail(ctl,
			    "'%s' cannot be a guest's name: a host name has 1 to 63 letters, "
			    "digits and dashes",
			    g->name);
	if (mac && (mac_parse(mac, &parsed) < 0 || mac_is_multicast(&parsed)))
		return fail(
		    ctl,
		    "'%s' is not the MAC address of an interface; an example is 52:54:00:12:34:56",
		    mac);
	if (g->client && strcmp(g->client, "none") == 0)
		return 0;
	if (!guest_client_find(g->client))
		return fail(ctl,
			    "DHCP client %s is not installed (known: udhcpc, dhclient, dhcpcd); "
			    "install udhcpc, or "
			    "use --client none",
			    g->client ? g->client : "");
	return 0;
}

static int run_guest_verb(struct ctl *ctl, const struct args *a)
{
	char default_name[32], default_mac[MAC_TEXT_MAX];
	const char *mac = args_text(a, "mac");
	struct guest g = { .network = args_text(a, "network"),
			   .name = args_text(a, "name"),
			   .client = args_text(a, "client"),
			   .command = a->rest,
			   .timeout_sec = 20,
			   .times = args_has(a, "times"),
			   .begin = clock_boottime(),
			   .line = -1 };
	struct rpc_net net;

	snprintf(default_name, sizeof(default_name), "guest-%d", (int)getpid());
	if (!g.name)
		g.name = default_name;
	if (args_number(a, "timeout", 1, 3600, &g.timeout_sec) < 0 ||
	    check_guest(ctl, &g, mac) != 0)
		return GUEST_FAILED;
	if (ctl_network(ctl, a, ACCESS_WRITE, &net) < 0)
		return GUEST_FAILED;
	if (!mac) {
		mac_of_name(net.name, g.name, default_mac);
		mac = default_mac;
	}
	ctl->quiet = true; /* the command's output stands alone */
	return run_guest(ctl, &g, &net, mac);
}

static const struct opt guest_opts[] = {
	OPT_NETWORK,
	{ "name", OPT_TEXT, "the guest's host name (default: guest-PID)" },
	{ "mac", OPT_TEXT, "its MAC address (default: derived from network and name)" },
	{ "client", OPT_TEXT,
	  "udhcpc, dhclient, dhcpcd, or none (default: the first that is installed)" },
	{ "timeout", OPT_NUMBER, "seconds to wait for the lease (default: 20)" },
	{ "times", OPT_FLAG, "tell on stderr how long each step took" },
	{ "command", OPT_REST, "what to run in the guest" },
	{ NULL },
};

// clang-format off
const struct verb guest_verbs[] = {
	{ "guest-run", "run a command in a throw-away guest on a network",
	  "Make a guest out of namespaces, attach it to the network, let a real DHCP client configure it, and run the\n"
	  "    command in it. The guest is gone when the command ends. Exit status: the command's; 125 when the guest\n"
	  "    could not be made, 126 when the command cannot be run, 127 when it cannot be found.",
	  guest_opts, run_guest_verb },
	{ NULL },
};
// clang-format on
