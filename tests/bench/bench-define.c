/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What definitions cost beside what the disk takes for the same octets in the same way: a new file,
 * fsync, rename, fsync of the folder.
 *
 *   bench-define new SOCKET N FOLDER          N networks defined, one after the other, beside N
 *                                             files in FOLDER; they stay
 *   bench-define again SOCKET N FOLDER        one of many defined anew, N times
 *   bench-define host SOCKET N FOLDER HOSTS   a running network with so many static hosts: one of
 *                                             them gets another address, N times in each way
 *   bench-define ready SOCKET N T0            wait until N are defined; time since T0, us
 */
#include "base/text.h"
#include "bench.h"
#include "rpc/client.h"

#include <fcntl.h>
#include <limits.h>

static struct rpc_client *client;
static struct err err;

#define must(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			die("%s", err.msg);                                                        \
	} while (0)

/* ---- the floor ---- */

static void write_file(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 || close(fd) < 0)
		die_errno(path);
}

static double floor_write(const char *folder, unsigned i, const char *text)
{
	char temp[PATH_MAX], path[PATH_MAX];
	double t = now_us();

	snprintf(temp, sizeof(temp), "%s/%u.new", folder, i);
	snprintf(path, sizeof(path), "%s/%u", folder, i);
	write_file(temp, text, strlen(text));
	if (rename(temp, path) < 0)
		die_errno(path);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0 || close(dir) < 0)
		die_errno(folder);
	return now_us() - t;
}

/* ---- definitions ---- */

static char *small(unsigned i)
{
	unsigned a = 16 + (i >> 8 & 127), b = i & 255, c = i >> 15 & 1;
	char *xml;

	if (asprintf(&xml,
		     "<network><name>d%u</name><forward mode='nat'/>"
		     "<ip address='10.%u.%u.%u' netmask='255.255.255.128'><dhcp>"
		     "<range start='10.%u.%u.%u' end='10.%u.%u.%u'/></dhcp></ip></network>",
		     i, a, b, c * 128 + 1, a, b, c * 128 + 2, a, b, c * 128 + 100) < 0)
		die_errno("a definition");
	return xml;
}

static void define(unsigned i)
{
	auto_free char *xml = small(i);
	struct rpc_net net;

	must(client_define_xml(client, xml, 0, &net, &err));
}

static void define_new(unsigned n, const char *folder)
{
	for (unsigned i = 0; i < n; i++) {
		auto_free char *xml = small(i);
		double t = now_us();
		define(i);
		sample(i < n / 2 ? "define.first" : "define.second", now_us() - t);
		/* As long as what netd writes: with uuid, bridge and MAC. */
		if (i % 10 == 0)
			sample("define.floor", floor_write(folder, i, xml));
	}
}

static void define_again(unsigned n, const char *folder)
{
	struct rpc_net net;
	auto_free char *xml = NULL;

	must(client_lookup_name(client, "d0", &net, &err));
	must(client_get_xml(client, &net, 0, &xml, &err));
	for (unsigned i = 0; i < n; i++) {
		usleep(2000);
		sample("again.floor", floor_write(folder, 0, xml));
		usleep(2000);
		double t = now_us();
		must(client_define_xml(client, xml, 0, &net, &err));
		sample("again.netd", now_us() - t);
	}
}

/* ---- one host of many ---- */

static char *host_xml(unsigned i, unsigned address)
{
	char *xml;

	if (asprintf(&xml, "<host mac='52:54:00:01:%02x:%02x' name='host%u' ip='10.9.%u.%u'/>",
		     i >> 8, i & 255, i, address >> 8, address & 255) < 0)
		die_errno("a host");
	return xml;
}

/* Host 0 has the address that is told. */
static char *big(unsigned hosts, unsigned address)
{
	struct text t = { 0 };

	text_add(&t, "<network><name>big</name><forward mode='nat'/><bridge name='brbig'/>"
		     "<ip address='10.9.255.1' netmask='255.255.0.0'><dhcp>");
	for (unsigned i = 0; i < hosts; i++) {
		auto_free char *host = host_xml(i, i ? i + 256 : address);
		text_add(&t, host);
	}
	text_add(&t, "</dhcp></ip></network>");
	return text_take(&t);
}

static void update(const struct rpc_net *net, unsigned address, uint32_t flags, const char *name)
{
	auto_free char *host = host_xml(0, address);

	usleep(20000);
	double t = now_us();
	must(client_update(client, net, RPC_UPDATE_MODIFY, RPC_SECTION_IP_DHCP_HOST, -1, host,
			   flags, &err));
	sample(name, now_us() - t);
}

static void apply(unsigned hosts, unsigned address)
{
	auto_free char *xml = big(hosts, address), *reply = NULL;

	usleep(20000);
	double t = now_us();
	must(client_apply(client, xml, NULL, 0, &reply, &err));
	sample("host.apply", now_us() - t);
}

static void add_and_remove(const struct rpc_net *net)
{
	static const char host[] = "<host mac='52:54:00:02:00:00' name='more' ip='10.9.254.1'/>";

	usleep(20000);
	double t = now_us();
	must(client_update(client, net, RPC_UPDATE_ADD_LAST, RPC_SECTION_IP_DHCP_HOST, -1, host,
			   RPC_AFFECT_LIVE, &err));
	sample("host.add", now_us() - t);
	must(client_update(client, net, RPC_UPDATE_DELETE, RPC_SECTION_IP_DHCP_HOST, -1, host,
			   RPC_AFFECT_LIVE, &err));
}

static void change_host(unsigned n, const char *folder, unsigned hosts)
{
	auto_free char *xml = big(hosts, 2), *printed = NULL;
	struct rpc_net net;

	must(client_define_xml(client, xml, 0, &net, &err));
	must(client_start(client, &net, &err));
	must(client_get_xml(client, &net, 0, &printed, &err));
	usleep(500000);
	for (unsigned i = 0; i < n; i++) {
		usleep(20000);
		sample("host.floor", floor_write(folder, 0, printed));
		add_and_remove(&net);
		update(&net, 3 + i % 100, RPC_AFFECT_LIVE, "host.live");
		update(&net, 3 + i % 100, RPC_AFFECT_LIVE | RPC_AFFECT_CONFIG, "host.both");
		apply(hosts, 103 + i % 100);
	}
	must(client_destroy(client, &net, &err));
	must(client_undefine(client, &net, &err));
}

/* ---- start of the daemon ---- */

static unsigned count_defined(const char *path)
{
	struct rpc_row *rows = NULL;
	size_t n = 0;

	if (client_open(path, true, &client, &err) < 0)
		return 0;
	if (client_list(client, 0, &rows, &n, &err) < 0)
		n = 0;
	free(rows);
	client_free(client);
	return (unsigned)n;
}

static void ready(const char *path, unsigned n, double since)
{
	while (count_defined(path) < n) {
		if (now_us() - since > 120e6)
			die("not %u networks after two minutes", n);
		usleep(500);
	}
	sample("load", now_us() - since);
}

int main(int argc, char **argv)
{
	uint32_t n = 0, hosts = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 5 || parse_u32(argv[3], 1, 16000, &n) < 0)
		die("usage: see the head of bench-define.c");
	if (!strcmp(argv[1], "ready")) {
		ready(argv[2], n, strtod(argv[4], NULL));
		return 0;
	}
	must(client_open(argv[2], false, &client, &err));
	if (!strcmp(argv[1], "new"))
		define_new(n, argv[4]);
	else if (!strcmp(argv[1], "again"))
		define_again(n, argv[4]);
	else if (!strcmp(argv[1], "host") && argc > 5 && !parse_u32(argv[5], 1, 60000, &hosts))
		change_host(n, argv[4], hosts);
	else
		die("usage: see the head of bench-define.c");
	client_free(client);
	return 0;
}
