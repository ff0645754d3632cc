// SPDX-License-Identifier: GPL-2.0-or-later
/* guest-client.c — which DHCP client runs in a guest, how it is called and what it calls back.
 *
 * The clients differ in how they hand over a lease: udhcpc gives the script a word and $ip, $mask,
 * $router; dhclient and dhcpcd give $reason and $new_ip_address and so on. One script serves all
 * three. */
#include "netctl/guest.h"

#include "base/text.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define HOOK GUEST_FILES "/hook"

static const char hook[] =
    "#!/bin/sh\n"
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
    "here=${0%/*}\n"
    "case ${1:-$reason} in\n"
    "deconfig | PREINIT) ip link set dev \"$interface\" up; exit 0 ;;\n"
    "bound | renew | BOUND | RENEW | REBIND | REBOOT) ;;\n"
    "*) exit 0 ;;\n"
    "esac\n"
    "bits()\n"
    "{\n"
    "	n=0 IFS=.\n"
    "	for octet in $1; do\n"
    "		while [ \"$octet\" -gt 0 ]; do n=$((n + octet % 2)) octet=$((octet / 2)); done\n"
    "	done\n"
    "	echo $n\n"
    "}\n"
    "address=${ip:-$new_ip_address}\n"
    "prefix=${mask:-$new_subnet_cidr}\n"
    "prefix=${prefix:-$(bits \"${subnet:-${new_subnet_mask:-255.255.255.255}}\")}\n"
    "router=${router:-$new_routers} router=${router%% *}\n"
    "dns=${dns:-$new_domain_name_servers}\n"
    "search=${search:-${domain:-${new_domain_search:-$new_domain_name}}}\n"
    "mtu=${mtu:-$new_interface_mtu}\n"
    "ip link set dev \"$interface\" up ${mtu:+mtu $mtu}\n"
    "ip -4 addr replace \"$address/$prefix\" dev \"$interface\"\n"
    "[ -z \"$router\" ] || ip -4 route replace default via \"$router\" dev \"$interface\"\n"
    "{\n"
    "	[ -z \"$search\" ] || echo \"search $search\"\n"
    "	for server in $dns; do echo \"nameserver $server\"; done\n"
    "} > \"$here/resolv.conf\"\n"
    "server=${serverid:-$new_dhcp_server_identifier}\n"
    "echo \"$address/$prefix ${server:--} ${router:--} ${lease:-${new_dhcp_lease_time:--}}\" > "
    "\"$here/leases\"\n";

static const char *const places[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin" };

static bool find_program(const char *name, char path[static 64])
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(path, 64, "%s/%s", places[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

const char *guest_client_find(const char *wanted)
{
	static const char *const known[] = { "udhcpc", "dhclient", "dhcpcd" };
	char path[64];

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if ((!wanted || strcmp(known[i], wanted) == 0) && find_program(known[i], path))
			return known[i];
	return NULL;
}

static int write_file(const char *path, const char *text, mode_t mode, struct err *e)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) < 0 || chmod(path, mode) < 0)
		return err_sys(e, errno, "cannot write %s inside the guest", path);
	return 0;
}

/* dhcpcd keeps leases, pid and sockets in fixed folders, and makes them if need be. Only it sees
 * these mounts. */
static void cover_folders(void)
{
	static const char *const folders[] = { "/run", "/var/lib/dhcpcd" };

	if (unshare(CLONE_NEWNS) < 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mount("netctl-guest", folders[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") <
		    0)
			fprintf(stderr, "netctl: warning: cannot cover %s for dhcpcd: %s\n",
				folders[i], strerror(errno));
}

int guest_client_prepare(const char *client, struct err *e)
{
	if (mkfifo(GUEST_LEASE_FIFO, 0600) < 0)
		return err_sys(e, errno, "cannot make %s inside the guest", GUEST_LEASE_FIFO);
	if (write_file(HOOK, hook, 0755, e) < 0)
		return -e->code;
	if (strcmp(client, "dhcpcd") == 0)
		/* Without noarp it probes an address for 5 s before it uses it. */
		return write_file(
		    GUEST_FILES "/dhcpcd.conf",
		    "noarp\nhostname\n"
		    "option domain_name_servers, domain_name, domain_search, interface_mtu\n",
		    0644, e);
	if (strcmp(client, "dhclient") == 0)
		return write_file(GUEST_FILES "/dhclient.conf",
				  "send host-name = gethostname();\n"
				  "request subnet-mask, routers, domain-name, domain-name-servers, "
				  "domain-search, interface-mtu;\n",
				  0644, e);
	return 0;
}

/* "%i" stands for the interface, "%h" for the guest's host name. */
#define WORDS_MAX 24
static const struct client_row {
	const char *name, *words[WORDS_MAX];
} clients[] = {
	// clang-format off
	{ "udhcpc", { "-f", "-R", "-i", "%i", "-s", HOOK, "-x", "hostname:%h", "-O", "mtu", "-O", "search",
	              "-t", "20", "-T", "1", NULL } },
	{ "dhclient", { "-d", "-q", "-4", "-sf", HOOK, "-cf", GUEST_FILES "/dhclient.conf",
	                "-lf", GUEST_FILES "/dhclient.leases", "-pf", GUEST_FILES "/dhclient.pid", "%i", NULL } },
	{ "dhcpcd", { "-B", "-4", "-q", "-f", GUEST_FILES "/dhcpcd.conf", "-c", HOOK, "%i", NULL } },
	// clang-format on
};

static char *filled_in(const char *word, const char *interface, const char *name)
{
	struct text t = { 0 };
	const char *mark = strchr(word, '%');

	if (!mark) {
		text_add(&t, word);
	} else {
		text_add_n(&t, word, (size_t)(mark - word));
		text_add(&t, mark[1] == 'i' ? interface : name);
	}
	return text_take(&t);
}

void guest_client_exec(const char *client, const char *interface, const char *name)
{
	char path[64], *argv[WORDS_MAX + 2] = { path };

	errno = ENOENT;
	if (!find_program(client, path))
		return;
	for (size_t i = 0; i < ARRAY_LEN(clients); i++)
		if (strcmp(clients[i].name, client) == 0)
			for (size_t k = 0; clients[i].words[k]; k++)
				argv[k + 1] = filled_in(clients[i].words[k], interface, name);
	if (strcmp(client, "dhcpcd") == 0)
		cover_folders();
	execv(path, argv);
}
