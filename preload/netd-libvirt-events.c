/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of networks, for clients of libvirtd's hypervisor connections.
 *
 * Everything else is asked on a connection that lasts as long as the question. Here one is kept for
 * each registration, and when it breaks, because netd was restarted, a thread opens another. What
 * happens in between is not told.
 *
 * A registration is freed, and libvirtd's data with it, when neither the list nor a connection
 * knows it any more: libvirt lets go of a callback only after the event that is being delivered. */
#include "netd-libvirt.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define MEND_FIRST_MSEC 500
#define MEND_MOST_MSEC  32000 /* each try in vain is a line in libvirtd's log */

struct watch {
	struct watch *next;
	int refs;             /* the list's and those of connections */
	int id;               /* what libvirtd is told: those of connections repeat */
	virConnectPtr client; /* only to compare: it may be gone */
	bool read_only;
	virConnectPtr side; /* to netd; NULL: broken */
	int side_id;
	virNetworkPtr net; /* or NULL: all */
	int event;
	virConnectNetworkEventGenericCallback cb;
	void *opaque;
	virFreeCallback free_opaque;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the list */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct watch *watches;
static int last_id;

static void watch_unref(void *data)
{
	struct watch *w = data;

	if (__atomic_sub_fetch(&w->refs, 1, __ATOMIC_ACQ_REL))
		return;
	if (w->free_opaque)
		w->free_opaque(w->opaque);
	if (w->net)
		virNetworkFree(w->net);
	free(w);
}

/* ---- what connections call ---- */

static void on_lifecycle(virConnectPtr conn, virNetworkPtr net, int event, int detail, void *data)
{
	struct watch *w = data;
	void (*cb)(void) = (void (*)(void))w->cb;

	((virConnectNetworkEventLifecycleCallback)cb)(conn, net, event, detail, w->opaque);
}

#if LIBVIR_VERSION_NUMBER >= 9008000
static void on_metadata(virConnectPtr conn, virNetworkPtr net, int type, const char *uri,
			void *data)
{
	struct watch *w = data;
	void (*cb)(void) = (void (*)(void))w->cb;

	((virConnectNetworkEventMetadataChangeCallback)cb)(conn, net, type, uri, w->opaque);
}
#endif

static virConnectNetworkEventGenericCallback callback_for(int event)
{
#if LIBVIR_VERSION_NUMBER >= 9008000
	if (event == VIR_NETWORK_EVENT_ID_METADATA_CHANGE)
		return VIR_NETWORK_EVENT_CALLBACK(on_metadata);
#endif
	if (event == VIR_NETWORK_EVENT_ID_LIFECYCLE)
		return VIR_NETWORK_EVENT_CALLBACK(on_lifecycle);
	return NULL;
}

/* ---- one registration, on a connection of its own ---- */

static int register_on(virConnectPtr side, struct watch *w)
{
	unsigned char uuid[VIR_UUID_BUFLEN];
	virNetworkPtr net = NULL;

	if (w->net) {
		if (virNetworkGetUUID(w->net, uuid) < 0)
			return -1;
		net = NEXT(virGetNetwork)(side, virNetworkGetName(w->net), uuid);
		if (!net)
			return -1;
	}
	__atomic_add_fetch(&w->refs, 1, __ATOMIC_RELAXED);
	int id = NEXT(virConnectNetworkEventRegisterAny)(side, net, w->event,
							 callback_for(w->event), w, watch_unref);
	if (id < 0)
		__atomic_sub_fetch(&w->refs, 1, __ATOMIC_RELAXED);
	if (net)
		virNetworkFree(net);
	return id;
}

static int watch_start(struct watch *w)
{
	virConnectPtr side = netd_open(w->read_only);

	if (!side)
		return -1;
	w->side_id = register_on(side, w);
	if (w->side_id < 0) {
		netd_close(side);
		return -1;
	}
	w->side = side;
	return 0;
}

/* The connection may be broken; what it knows of `w` it forgets nevertheless. */
static void watch_stop(struct watch *w)
{
	if (!w->side)
		return;
	(void)NEXT(virConnectNetworkEventDeregisterAny)(w->side, w->side_id);
	virConnectClose(w->side);
	w->side = NULL;
}

/* ---- the thread ---- */

/* Whether all are well. */
static bool mend_all(void)
{
	bool well = true;

	pthread_mutex_lock(&lock);
	for (struct watch *w = watches; w; w = w->next) {
		if (w->side && virConnectIsAlive(w->side) == 1)
			continue;
		watch_stop(w);
		well = watch_start(w) == 0 && well;
	}
	pthread_mutex_unlock(&lock);
	return well;
}

static void *mend(void *unused)
{
	for (long msec = MEND_FIRST_MSEC;;) {
		const struct timespec pause = { msec / 1000, msec % 1000 * 1000000 };

		nanosleep(&pause, NULL);
		if (mend_all())
			msec = MEND_FIRST_MSEC;
		else if (msec < MEND_MOST_MSEC)
			msec *= 2;
	}
	return NULL;
}

static void start_mending(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, mend, NULL) == 0)
		pthread_detach(thread);
}

/* ---- in the place of libvirt's ---- */

/* Its id, or -1. */
static int watch_add(struct watch *w, virFreeCallback free_opaque)
{
	int id = -1;

	pthread_once(&once, start_mending);
	pthread_mutex_lock(&lock);
	if (watch_start(w) == 0) {
		id = w->id = last_id++;
		w->free_opaque = free_opaque; /* without success `opaque` stays the caller's */
		w->next = watches;
		watches = w;
	}
	pthread_mutex_unlock(&lock);
	return id;
}

EXPORT int virConnectNetworkEventRegisterAny(virConnectPtr conn, virNetworkPtr net, int event,
					     virConnectNetworkEventGenericCallback cb, void *opaque,
					     virFreeCallback free_opaque)
{
	if (!callback_for(event) || !netd_serves(conn))
		return NEXT(virConnectNetworkEventRegisterAny)(conn, net, event, cb, opaque,
							       free_opaque);
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return -1;
	w->refs = 1;
	w->client = conn;
	w->read_only = netd_reads_only(conn);
	w->event = event;
	w->cb = cb;
	w->opaque = opaque;
	if (net && virNetworkRef(net) == 0)
		w->net = net;
	int id = watch_add(w, free_opaque);
	if (id < 0)
		watch_unref(w);
	return id;
}

static struct watch *take(virConnectPtr conn, int id)
{
	for (struct watch **at = &watches; *at; at = &(*at)->next) {
		struct watch *w = *at;
		if (w->client != conn || w->id != id)
			continue;
		*at = w->next;
		return w;
	}
	return NULL;
}

EXPORT int virConnectNetworkEventDeregisterAny(virConnectPtr conn, int id)
{
	pthread_mutex_lock(&lock);
	struct watch *w = take(conn, id);
	if (w)
		watch_stop(w);
	pthread_mutex_unlock(&lock);
	if (!w)
		return NEXT(virConnectNetworkEventDeregisterAny)(conn, id);
	watch_unref(w);
	return 0;
}
