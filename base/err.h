/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err.h — the error a human reads.
 *
 * Functions return 0 or -errno. When a person may have to act on the failure they also fill a
 * struct err; its message says what failed, on which object, why and what to do, grows by context
 * on the way up (err_in) and is printed once, at the top. Every `struct err *` argument may be
 * NULL.
 *
 * `class` is libvirt's error number, because it travels to libvirt's clients unchanged and scripts
 * match on it. The class's own opening words ("XML error: ", "Network not found: ") are *not* part
 * of msg: rpc adds them when an error is put on the wire. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/util.h"

enum err_class {
	ERR_NONE = 0,
	ERR_INTERNAL = 1,
	ERR_NO_MEMORY = 2,
	ERR_NO_SUPPORT = 3,
	ERR_INVALID_ARG = 8,
	ERR_OPERATION_FAILED = 9,
	ERR_NO_NAME = 21,
	ERR_XML = 27,
	ERR_OPERATION_DENIED = 29,
	ERR_XML_DETAIL = 35,
	ERR_INVALID_NETWORK = 36,
	ERR_SYSTEM = 38,
	ERR_RPC = 39,
	ERR_NO_NETWORK = 43,
	ERR_INVALID_MAC = 44,
	ERR_AUTH_FAILED = 45,
	ERR_OPERATION_INVALID = 55,
	ERR_CONFIG_UNSUPPORTED = 67,
	ERR_HOOK_FAILED = 70,
	ERR_AUTH_CANCELLED = 79,
	ERR_OVERFLOW = 82,
	ERR_OPERATION_UNSUPPORTED = 84,
	ERR_ACCESS_DENIED = 88,
	ERR_XML_INVALID_SCHEMA = 92,
	ERR_AUTH_UNAVAILABLE = 94,
	ERR_INVALID_NETWORK_PORT = 105,
	ERR_NETWORK_PORT_EXIST = 106,
	ERR_NO_NETWORK_PORT = 107,
	ERR_NO_NETWORK_METADATA = 111,
};

/* The part of libvirt that says it, which clients are told, too: its number, but for the first and
 * the last. */
enum err_from {
	ERR_FROM_USUAL = 0, /* the one that goes with the class */
	ERR_FROM_XML = 5,
	ERR_FROM_NET = 11,
	ERR_FROM_NONE = 255, /* libvirt's helpers, which belong to no part: 0 on the wire */
};

struct err {
	int code; /* positive errno, 0 while nothing failed */
	enum err_class class;
	enum err_from from;
	char msg[1024];
};

/* A failure of the system: class ERR_SYSTEM, the errno's text is appended after ": ".
 * Returns -errnum, so `return err_sys(e, errno, "cannot open %s", path);` */
int err_sys(struct err *e, int errnum, const char *fmt, ...) printflike(3, 4);

/* A failure we judged ourselves, of libvirt class `class`; nothing is appended. Returns -EINVAL for
 * bad input classes, -ENOENT for the NO_* classes, -ENOMEM, -EPERM or -ENOTSUP where they fit. */
int err_set(struct err *e, enum err_class class, const char *fmt, ...) printflike(3, 4);

/* Put "context: " in front of the message. Returns -e->code (-EINVAL for NULL). */
int err_in(struct err *e, const char *fmt, ...) printflike(2, 3);

/* Forget; the object can be used again. */
void err_clear(struct err *e);

#endif
