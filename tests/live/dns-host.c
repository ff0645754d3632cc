/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-host.c — the controller's part for one dns worker, without the controller: dns-host WORKER
 * BRIDGE GATEWAY/PREFIX
 * [-i] [-u UPSTREAM[:PORT]]... [-l NAME=ADDRESS]... makes the sockets, starts the worker, hands
 * over the network, and prints the counters at its end (EOF on stdin). Domain: lab.test. -i:
 * isolated. */
#include "base/log.h"
#include "netd/messages/messages-dns.h"
#include "netd/messages/messages.h"
#include "netd/process/channel.h"
#include "netd/worker/worker-page.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define NET_ID 7

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_service(const char *device, uint32_t address, int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(53),
				  .sin_addr.s_addr = htonl(address) };

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 512) < 0))
		die("service socket");
	return fd;
}

/* The worker's root folder, in the test's own, which goes with the test. */
static void make_folder(char buf[static 256])
{
	const char *test = getenv("NT_FOLDER");

	snprintf(buf, 256, "%s/dns-host-XXXXXX", test ? test : "/tmp");
	if (!mkdtemp(buf))
		die("folder");
}

static pid_t start_worker(const char *program, int channel)
{
	int page = memfd_create("page", 0);
	if (page < 0 || ftruncate(page, WORKER_PAGE_SIZE) < 0)
		die("page");
	char empty[256];
	make_folder(empty);
	pid_t pid = fork();
	if (pid == 0) {
		int from[2] = { fcntl(channel, F_DUPFD, 10), fcntl(page, F_DUPFD, 10) };
		dup2(from[0], 3);
		dup2(from[1], 4);
		close(from[0]);
		close(from[1]);
		execl(program, program, "dns", empty, NULL);
		die(program);
	}
	close(page);
	return pid;
}

static struct channel *line;

static void tell(uint32_t type, const void *body, size_t n, const int *fds, size_t n_fds)
{
	if (channel_send(line, type, body, n, fds, n_fds) < 0)
		die("channel");
}

static void tell_config(const struct dns_config *c)
{
	uint8_t *body;
	size_t n;

	if (message_dns_config_encode(NET_ID, c, &body, &n) < 0)
		die("config");
	tell(MSG_DNS_CONFIG, body, n, NULL, 0);
	free(body);
}

static void tell_lease(char *text)
{
	struct message_dns_lease m = { .net_id = NET_ID, .add = true, .expires = USEC_INFINITY };
	uint8_t buf[DNS_MESSAGE_SMALL];
	struct wr w = wr_over(buf, sizeof(buf));
	char *eq = strchr(text, '=');

	if (!eq || ip_parse(eq + 1, &m.ip) < 0)
		die(text);
	*eq = '\0';
	copy_text(m.name, sizeof(m.name), text);
	message_dns_lease_encode(&w, &m);
	tell(MSG_DNS_LEASE, buf, wr_len(&w), NULL, 0);
}

static void add_upstream(struct message_dns_upstreams *u, char *text)
{
	char *colon = strchr(text, ':');
	uint32_t port = 53;

	if (colon) {
		*colon = '\0';
		if (parse_u32(colon + 1, 1, 65535, &port) < 0)
			die(text);
	}
	if (u->n == DNS_UPSTREAMS_MAX || ip_parse(text, &u->server[u->n].address) < 0)
		die(text);
	u->server[u->n++].port = (uint16_t)port;
}

static void print_counters(const struct channel_message *m)
{
	struct message_dns_counters c;

	if (m->type != MSG_DNS_COUNTERS || message_dns_counters_decode(m->body, m->n, &c) < 0)
		return;
	for (unsigned i = 0; i < DNS_COUNTER_COUNT; i++)
		if (c.counter[i])
			printf("%s %llu\n", dns_counter_name(i), (unsigned long long)c.counter[i]);
	fflush(stdout);
}

static void wait_for_end(void)
{
	struct pollfd p[] = { { .fd = 0, .events = POLLIN },
			      { .fd = channel_fd(line), .events = POLLIN } };
	char c;

	for (;;) {
		struct channel_message m;
		int r;
		if (poll(p, 2, -1) < 0)
			die("poll");
		while ((r = channel_receive(line, &m)) == 1)
			print_counters(&m);
		if (r < 0 || (p[0].revents && read(0, &c, 1) <= 0))
			return;
	}
}

int main(int argc, char **argv)
{
	struct message_dns_upstreams up = { 0 };
	struct err e = { 0 };
	uint8_t buf[DNS_MESSAGE_SMALL];
	int pair[2], opt, fds[DNS_SOCKET_UDP6], status;

	if (argc < 4)
		return 2;
	struct dns_config *c = dns_config_new("lab.test");
	char *slash = strchr(argv[3], '/');
	struct ip gateway;
	if (!c || !slash)
		return 2;
	*slash = '\0';
	if (ip_parse(argv[3], &gateway) < 0 ||
	    dns_config_add_subnet(c, &gateway, (unsigned)strtoul(slash + 1, NULL, 10)) < 0)
		return 2;
	if (channel_pair(pair, &e) < 0 || !(line = channel_new(pair[0])))
		die("channel");
	pid_t pid = start_worker(argv[1], pair[1]);
	close(pair[1]);
	optind = 4;
	bool configured = false;
	while ((opt = getopt(argc, argv, "iu:l:")) != -1) {
		if (opt == 'i')
			c->forward = false;
		if (opt == 'u')
			add_upstream(&up, optarg);
		if (opt == 'l' && !configured) {
			tell_config(c);
			configured = true;
		}
		if (opt == 'l')
			tell_lease(optarg);
	}
	tell_config(c);
	struct wr w = wr_over(buf, sizeof(buf));
	message_dns_upstreams_encode(&w, &up);
	tell(MSG_DNS_UPSTREAMS, buf, wr_len(&w), NULL, 0);
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = open_service(i < DNS_SOCKET_HOST_UDP ? argv[2] : "lo", gateway.v4,
				      i % 2 ? SOCK_STREAM : SOCK_DGRAM);
	w = wr_over(buf, sizeof(buf));
	message_dns_sockets_encode(&w, NET_ID, (1u << ARRAY_LEN(fds)) - 1);
	tell(MSG_DNS_SOCKETS, buf, wr_len(&w), fds, ARRAY_LEN(fds));
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	dns_config_free(c);
	printf("serving, worker %d\n", (int)pid);
	fflush(stdout);
	wait_for_end();
	channel_free(line);
	waitpid(pid, &status, 0);
	printf("ended %d\n", status);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
