/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libnetd-libvirt.so — libvirt's networks come from netd, also where libvirt is one big libvirtd.
 *
 * Where libvirt is modular (virtqemud), its drivers reach networks by virtnetworkd-sock, and who
 * listens there serves them. libvirtd never connects to it: the network driver is a module in
 * libvirtd itself, and the driver that could connect declines every local URI but one with a
 * transport and a socket. So this library, preloaded into libvirtd (and into nothing else), defines
 * a few of libvirt.so's functions once more; the dynamic linker binds everybody's calls to the
 * first definition. It
 *
 *  - keeps the network module from loading, or libvirt's own networks would be there as well;
 *  - hands netd's connection to the hypervisor drivers, which ask by virGetConnectNetwork() for
 *    every operation;
 *  - sends to netd what clients of qemu:///system, lxc:/// and xen:/// ask of networks: the
 *    functions that take such a connection. All others take a network, which then is one of netd's
 *    connection already, and need nothing;
 *  - opens network:///system, as clients from other hosts do, on netd.
 *
 * A connection to netd is opened for each operation, as libvirt's own daemons do, so a restart of
 * netd is never noticed; it costs a millisecond. It is read-only when the client's is: libvirt
 * checks that on the connection of the network.
 *
 * Some of these functions are not in libvirt's headers. They have kept their arguments since
 * libvirt 6.0; if one is renamed some day, its definition here is not called any more, and networks
 * are unavailable rather than wrong.
 *
 * Events are the subject of netd-libvirt-events.c. */
#include "netd-libvirt.h"

#include <dlfcn.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *netd_next(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (!f) {
		fprintf(stderr, "libnetd-libvirt: this libvirt has no %s()\n", name);
		abort();
	}
	return f;
}

/* libvirtd hands LD_PRELOAD on to what it starts, and QEMU has no business with us. */
__attribute__((constructor)) static void only_here(void)
{
	unsetenv("LD_PRELOAD");
}

/* ---- which connections of clients are read-only: libvirt.so doesn't tell ---- */

static pthread_mutex_t read_only_lock = PTHREAD_MUTEX_INITIALIZER;
/* A tree of connections by address; one that is opened anew at an address replaces the old. */
static void *read_only;

static int compare(const void *a, const void *b)
{
	return a < b ? -1 : a > b;
}

static virConnectPtr note(virConnectPtr conn, bool ro)
{
	if (!conn)
		return NULL;
	pthread_mutex_lock(&read_only_lock);
	bool noted = ro ? tsearch(conn, &read_only, compare) != NULL
			: (tdelete(conn, &read_only, compare), true);
	pthread_mutex_unlock(&read_only_lock);
	if (noted)
		return conn;
	virConnectClose(conn);
	return NULL;
}

bool netd_reads_only(virConnectPtr conn)
{
	pthread_mutex_lock(&read_only_lock);
	bool ro = tfind(conn, &read_only, compare) != NULL;
	pthread_mutex_unlock(&read_only_lock);
	return ro;
}

/* ---- the connection to netd ---- */

virConnectPtr netd_open(bool ro)
{
	const char *path = getenv("NETD_LIBVIRT_SOCKET");
	char uri[256];
	int n = snprintf(uri, sizeof(uri), "network+unix:///system?socket=%s",
			 path && *path ? path : "/run/libvirt/virtnetworkd-sock");

	if (n < 0 || (size_t)n >= sizeof(uri)) {
		fprintf(stderr, "libnetd-libvirt: NETD_LIBVIRT_SOCKET is too long\n");
		return NULL;
	}
	return NEXT(virConnectOpenAuth)(uri, NULL, ro ? VIR_CONNECT_RO : 0);
}

bool netd_serves(virConnectPtr conn)
{
	static const char *const shared[] = { "qemu:", "lxc:", "xen:" };
	char *uri = virConnectGetURI(conn);
	bool serves = false;

	for (size_t i = 0; uri && i < sizeof(shared) / sizeof(shared[0]); i++)
		serves = serves || strncmp(uri, shared[i], strlen(shared[i])) == 0;
	free(uri);
	return serves;
}

/* Where to ask what is asked of `conn` about networks, until netd_close(). NULL: the error is set.
 */
static virConnectPtr network_side(virConnectPtr conn)
{
	if (netd_serves(conn))
		return netd_open(netd_reads_only(conn));
	return virConnectRef(conn) < 0 ? NULL : conn;
}

void netd_close(virConnectPtr side)
{
	virErrorPtr e = virSaveLastError();

	virConnectClose(side);
	if (e)
		NEXT(virSetError)(e);
	virFreeError(e);
}

/* Call libvirt's own `fn` on the side that knows the networks of `conn`. */
#define ASK(failed, fn, conn, ...)                                                                 \
	virConnectPtr side = network_side(conn);                                                   \
	if (!side)                                                                                 \
		return failed;                                                                     \
	__typeof__(fn(side, ##__VA_ARGS__)) r = NEXT(fn)(side, ##__VA_ARGS__);                     \
	netd_close(side);                                                                          \
	return r

/* ---- in the place of libvirt's ---- */

EXPORT int virDriverLoadModule(const char *name, const char *regfunc, bool required)
{
	return strcmp(name, "network") == 0 ? 0
					    : NEXT(virDriverLoadModule)(name, regfunc, required);
}

EXPORT virConnectPtr virConnectOpenAuth(const char *name, virConnectAuthPtr auth,
					unsigned int flags)
{
	bool ro = flags & VIR_CONNECT_RO;

	if (name && strcmp(name, "network:///system") == 0)
		return netd_open(ro);
	return note(NEXT(virConnectOpenAuth)(name, auth, flags), ro);
}

EXPORT virConnectPtr virConnectOpenReadOnly(const char *name)
{
	return note(NEXT(virConnectOpenReadOnly)(name), true);
}

EXPORT virConnectPtr virGetConnectNetwork(void)
{
	return netd_open(false);
}

EXPORT virNetworkPtr virGetNetwork(virConnectPtr conn, const char *name, const unsigned char *uuid)
{
	ASK(NULL, virGetNetwork, conn, name, uuid);
}

EXPORT virNetworkPtr virNetworkLookupByName(virConnectPtr conn, const char *name)
{
	ASK(NULL, virNetworkLookupByName, conn, name);
}

EXPORT virNetworkPtr virNetworkLookupByUUID(virConnectPtr conn, const unsigned char *uuid)
{
	ASK(NULL, virNetworkLookupByUUID, conn, uuid);
}

EXPORT virNetworkPtr virNetworkCreateXML(virConnectPtr conn, const char *xml)
{
	ASK(NULL, virNetworkCreateXML, conn, xml);
}

EXPORT virNetworkPtr virNetworkCreateXMLFlags(virConnectPtr conn, const char *xml,
					      unsigned int flags)
{
	ASK(NULL, virNetworkCreateXMLFlags, conn, xml, flags);
}

EXPORT virNetworkPtr virNetworkDefineXML(virConnectPtr conn, const char *xml)
{
	ASK(NULL, virNetworkDefineXML, conn, xml);
}

EXPORT virNetworkPtr virNetworkDefineXMLFlags(virConnectPtr conn, const char *xml,
					      unsigned int flags)
{
	ASK(NULL, virNetworkDefineXMLFlags, conn, xml, flags);
}

EXPORT int virConnectListAllNetworks(virConnectPtr conn, virNetworkPtr **nets, unsigned int flags)
{
	ASK(-1, virConnectListAllNetworks, conn, nets, flags);
}

EXPORT int virConnectNumOfNetworks(virConnectPtr conn)
{
	ASK(-1, virConnectNumOfNetworks, conn);
}

EXPORT int virConnectListNetworks(virConnectPtr conn, char **const names, int maxnames)
{
	ASK(-1, virConnectListNetworks, conn, names, maxnames);
}

EXPORT int virConnectNumOfDefinedNetworks(virConnectPtr conn)
{
	ASK(-1, virConnectNumOfDefinedNetworks, conn);
}

EXPORT int virConnectListDefinedNetworks(virConnectPtr conn, char **const names, int maxnames)
{
	ASK(-1, virConnectListDefinedNetworks, conn, names, maxnames);
}
