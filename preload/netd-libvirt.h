/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netd-libvirt.h — what the files of libnetd-libvirt.so share; netd-libvirt.c says what the library
 * is. */
#ifndef PRELOAD_NETD_LIBVIRT_H
#define PRELOAD_NETD_LIBVIRT_H

#include <stdbool.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#define EXPORT __attribute__((visibility("default")))

/* libvirt's own definition of a function that we define, or that its headers don't have. */
void *netd_next(const char *name);
#define NEXT(fn) ((__typeof__(&fn))netd_next(#fn))

/* libvirt's, but not in its headers. */
EXPORT int virDriverLoadModule(const char *name, const char *regfunc, bool required);
EXPORT virConnectPtr virGetConnectNetwork(void);
EXPORT virNetworkPtr virGetNetwork(virConnectPtr conn, const char *name, const unsigned char *uuid);
void virSetError(virErrorPtr e); /* only to be called by NEXT() */

/* Whether netd has the networks of `conn`; false for what has networks of its own, as
 * test:///default, and for netd's. */
bool netd_serves(virConnectPtr conn);
/* Whether it was opened to read only. */
bool netd_reads_only(virConnectPtr conn);
/* A new connection to netd; NULL: libvirt's error is set. */
virConnectPtr netd_open(bool read_only);
/* Networks that were handed out keep the connection alive. The error of an earlier call stays. */
void netd_close(virConnectPtr side);

#endif
