/* SPDX-License-Identifier: GPL-2.0-or-later */
/* guest.h — a throw-away guest: a process tree in network, mount, pid and host name namespaces of
 * its own, attached to a network as a virtual machine would be, with a real DHCP client inside.
 *
 * The outside (netctl as called) asks netd to put an interface into the guest's network namespace.
 * The inside (the guest's first process) brings it up, runs the DHCP client and then the command,
 * and ends when the command does; the kernel then ends what is left in the guest and removes the
 * interface. Nothing of the host is changed: resolv.conf, the clients' own files and /sys are
 * mounts that only the guest sees. */
#ifndef NETCTL_GUEST_H
#define NETCTL_GUEST_H

#include "base/addr.h"
#include "base/clock.h"
#include "base/err.h"

struct guest {
	const char *network;  /* as it was named on the command line */
	const char *name;     /* host name, a DNS label */
	const char *client;   /* "udhcpc", "dhclient", "dhcpcd", "none", or NULL: the first that is
				 installed */
	char *const *command; /* ends with NULL */
	uint32_t timeout_sec; /* how long the client may take */
	bool times;           /* report each step on stderr */
	usec_t begin;         /* when the guest was asked for */
	int line;             /* this side's end of the line between outside and inside */
};

/* Exit status as env(1) has it. */
enum { GUEST_FAILED = 125, GUEST_CANNOT_RUN = 126, GUEST_NOT_FOUND = 127 };

/* Where the guest keeps its private files; a tmpfs that only the guest sees is mounted there. */
#define GUEST_PRIVATE_DIR "/dev/shm"

/* What the outside tells the inside once the interface is there. */
struct guest_go {
	char interface[16];
};

/* The guest's first process, in its new namespaces. Returns the exit status. */
int guest_inside(struct guest *g);
/* "netctl: guest 'x': …" and the milliseconds since it was asked for, with --times. */
void guest_time(const struct guest *g, const char *fmt, ...) printflike(2, 3);

/* guest-client.c: the DHCP client. */
/* Its name, or NULL when none of those we know is installed (or `wanted` isn't). */
const char *guest_client_find(const char *wanted);
/* Write the script that the client calls and make the client's state private. */
int guest_client_prepare(const char *client, struct err *e) mustcheck;
/* Become the client; returns only on failure. Each lease is told as one line in GUEST_LEASE_FIFO:
 * address/prefix, server, router, lease seconds; "-" for what is missing. */
void guest_client_exec(const char *client, const char *interface, const char *name);
#define GUEST_FILES      GUEST_PRIVATE_DIR "/.netctl"
#define GUEST_LEASE_FIFO GUEST_FILES "/leases"

#endif
