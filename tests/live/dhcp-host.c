/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp-host.c — the controller's part for one dhcp worker, without the controller: dhcp-host WORKER
 * BRIDGE GATEWAY/PREFIX START END [-s MAC=ADDRESS[,NAME]]... [-l SECONDS] [-r MAC=ADDRESS]... [-b
 * BOOTFILE] [-i] [-n] makes the sockets, starts the worker, hands over the network and what was
 * stored (-r), and plays the store: each batch of bindings is printed, then called durable (-n: not
 * durable). -i: isolated. Ends with stdin. */
#include "base/log.h"
#include "netd/messages/messages-dhcp.h"
#include "netd/messages/messages.h"
#include "netd/process/channel.h"
#include "netd/worker/worker-page.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define NET_ID 7

static struct channel *line;
static bool durable = true;
static struct dhcp4_host hosts[64];
static struct dhcp4_range range;
static struct dhcp4_config config = {
	.domain = "lab.test", .authoritative = true, .ranges = &range, .n_ranges = 1, .hosts = hosts
};
static struct msg_dhcp4_record stored[MSG_DHCP_RECORDS_MAX];
static size_t n_stored;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_udp(const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(67) };

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0 ||
	    setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("UDP socket");
	return fd;
}

static int open_packet(const char *device)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex(device) };

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("packet socket");
	return fd;
}

static struct mac mac_of_device(int fd, const char *device)
{
	struct ifreq r = { 0 };
	struct mac m;

	copy_text(r.ifr_name, sizeof(r.ifr_name), device);
	if (ioctl(fd, SIOCGIFHWADDR, &r) < 0)
		die(device);
	memcpy(m.b, r.ifr_hwaddr.sa_data, sizeof(m.b));
	return m;
}

/* The worker's root folder, in the test's own, which goes with the test. */
static void make_folder(char buf[static 256])
{
	const char *test = getenv("NT_FOLDER");

	snprintf(buf, 256, "%s/dhcp-host-XXXXXX", test ? test : "/tmp");
	if (!mkdtemp(buf))
		die("folder");
}

static pid_t start_worker(const char *program, int channel)
{
	int page = memfd_create("page", 0);

	if (page < 0 || ftruncate(page, WORKER_PAGE_SIZE) < 0)
		die("worker");
	char empty[256];
	make_folder(empty);
	pid_t pid = fork();
	if (pid == 0) {
		int from[2] = { fcntl(channel, F_DUPFD, 10), fcntl(page, F_DUPFD, 10) };
		dup2(from[0], 3);
		dup2(from[1], 4);
		close(from[0]);
		close(from[1]);
		execl(program, program, "dhcp", empty, NULL);
		die(program);
	}
	close(page);
	return pid;
}

static void tell(uint32_t type, const struct wr *w, const int *fds, size_t n_fds)
{
	if (w->bad || channel_send(line, type, w->start, wr_len(w), fds, n_fds) < 0)
		die("channel");
}

/* MAC=ADDRESS[,NAME] */
static void parse_host(char *text, struct mac *mac, uint32_t *ip, const char **name)
{
	char *eq = strchr(text, '='), *comma = strchr(text, ',');

	if (comma)
		*comma = '\0';
	if (eq)
		*eq = '\0';
	if (!eq || mac_parse(text, mac) < 0 || ip4_parse(eq + 1, ip) < 0)
		die("MAC=ADDRESS[,NAME]");
	*name = comma ? comma + 1 : "";
}

static void add_host(char *text)
{
	struct dhcp4_host *h = &hosts[config.n_hosts++ % ARRAY_LEN(hosts)];
	const char *name;

	h->has_mac = true;
	parse_host(text, &h->mac, &h->ip, &name);
	copy_text(h->name, sizeof(h->name), name);
}

static void add_stored(char *text)
{
	struct msg_dhcp4_record *r = &stored[n_stored++ % ARRAY_LEN(stored)];
	const char *name;

	r->net_id = NET_ID;
	r->binding.lease_sec = 3600;
	parse_host(text, &r->binding.mac, &r->binding.ip, &name);
	copy_text(r->binding.name, sizeof(r->binding.name), name);
}

static void hand_over(const char *device)
{
	size_t cap = msg_dhcp4_config_size(&config) + MSG_DHCP_BATCH_MAX;
	uint8_t *buf = malloc(cap);
	int fds[2] = { open_udp(device), open_packet(device) };

	if (!buf)
		die("memory");
	config.bridge_mac = mac_of_device(fds[0], device);
	struct wr w = wr_over(buf, cap);
	msg_put_dhcp4_config(&w, NET_ID, &config);
	tell(MSG_DHCP4_CONFIG, &w, NULL, 0);
	w = wr_over(buf, cap);
	msg_put_dhcp4_records(&w, stored, n_stored);
	if (n_stored)
		tell(MSG_DHCP4_RESTORE, &w, NULL, 0);
	w = wr_over(buf, cap);
	msg_put_net_id(&w, NET_ID);
	tell(MSG_DHCP4_SOCKETS, &w, fds, 2);
	close(fds[0]);
	close(fds[1]);
	free(buf);
}

static void on_bindings(const struct channel_message *m)
{
	static struct msg_dhcp4_record r[MSG_DHCP_RECORDS_MAX];
	static struct msg_dhcp4_verdict v[MSG_DHCP_RECORDS_MAX];
	uint8_t buf[MSG_DHCP_BATCH_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	size_t n_v = 0;
	int n = msg_get_dhcp4_records(m->body, m->n, r);

	if (n < 0)
		die("a malformed message");
	for (int i = 0; i < n; i++) {
		char mac[MAC_TEXT_MAX], ip[IP_TEXT_MAX];
		printf("%s %s %s %s\n", dhcp4_change_name(r[i].change),
		       ip4_format(r[i].binding.ip, ip), mac_format(&r[i].binding.mac, mac),
		       r[i].binding.name);
		if (r[i].token)
			v[n_v++] = (struct msg_dhcp4_verdict){ r[i].net_id, r[i].token, durable };
	}
	msg_put_dhcp4_verdicts(&w, v, n_v);
	if (n_v)
		tell(MSG_DHCP4_COMMITTED, &w, NULL, 0);
}

static void on_counters(const struct channel_message *m)
{
	struct dhcp4_usage u;
	uint32_t id;

	if (msg_get_dhcp4_counters(m->body, m->n, &id, &u) < 0)
		die("malformed counters");
	for (unsigned i = 0; i < DHCP4_COUNTER_N; i++)
		if (u.count[i])
			printf("count %s %llu\n", dhcp4_counter_name(i),
			       (unsigned long long)u.count[i]);
}

static void run(void)
{
	struct pollfd p[] = { { .fd = 0, .events = POLLIN },
			      { .fd = channel_fd(line), .events = POLLIN } };
	struct channel_message m;
	int r = 0;
	char c;

	while (r >= 0) {
		if (poll(p, 2, -1) < 0)
			die("poll");
		if (p[0].revents && read(0, &c, 1) <= 0)
			return;
		while ((r = channel_receive(line, &m)) == 1) {
			if (m.type == MSG_DHCP4_BINDING)
				on_bindings(&m);
			else if (m.type == MSG_DHCP4_COUNTERS)
				on_counters(&m);
		}
		fflush(stdout);
	}
}

static void parse_options(int argc, char **argv)
{
	char *slash = strchr(argv[3], '/');
	int opt;

	if (!slash)
		die("GATEWAY/PREFIX");
	*slash = '\0';
	config.prefix = (unsigned)strtoul(slash + 1, NULL, 10);
	if (ip4_parse(argv[3], &config.server) < 0 || ip4_parse(argv[4], &range.start) < 0 ||
	    ip4_parse(argv[5], &range.end) < 0)
		die("addresses");
	config.router = config.dns = config.server;
	optind = 6;
	while ((opt = getopt(argc, argv, "s:l:r:b:in")) != -1) {
		if (opt == 's')
			add_host(optarg);
		if (opt == 'l')
			config.default_lease_sec = (uint32_t)strtoul(optarg, NULL, 10);
		if (opt == 'r')
			add_stored(optarg);
		if (opt == 'b')
			copy_text(config.boot_file, sizeof(config.boot_file), optarg);
		if (opt == 'i')
			config.router = 0;
		if (opt == 'n')
			durable = false;
	}
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int pair[2], status;

	if (argc < 6)
		return 2;
	parse_options(argc, argv);
	if (channel_pair(pair, &e) < 0 || !(line = channel_new(pair[0])))
		die("channel");
	pid_t pid = start_worker(argv[1], pair[1]);
	close(pair[1]);
	hand_over(argv[2]);
	printf("serving, worker %d\n", (int)pid);
	fflush(stdout);
	run();
	channel_free(line);
	waitpid(pid, &status, 0);
	printf("ended %d\n", status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
