/* SPDX-License-Identifier: GPL-2.0-or-later */
/* door-auth.c — coming in: whom the socket's mode lets in is in, unless polkit is to be asked
 * first. Until then nothing is answered but the procedures of this file. */
#include "netd/door/door-internal.h"

#include "base/log.h"

#define MANAGE       "org.libvirt.unix.manage"
#define MONITOR      "org.libvirt.unix.monitor"
#define ATTEMPTS_MAX 3

static void auth_list(struct door_call *call, struct rd *args)
{
	struct wr w;

	if (!door_reply_begin(call, 8, &w))
		return;
	wr_u32(&w, 1);
	wr_u32(&w, call->conn->authenticated ? RPC_AUTH_NONE : RPC_AUTH_TYPE_POLKIT);
	door_reply_end(call, &w);
}

static void polkit_answered(struct door_call *call, struct door_wait *w, void *data)
{
	struct door_conn *c = call->conn;
	const char *why = "";

	if (!w)
		return;
	switch (door_wait_answer(w, &why)) {
	case POLKIT_YES:
		c->authenticated = true;
		return door_reply_i32(call, 1);
	case POLKIT_CHALLENGE:
		door_failf(call, ERR_AUTH_UNAVAILABLE,
			   "no polkit agent available to authenticate action '%s'",
			   c->peer.read_only ? MONITOR : MANAGE);
		break;
	case POLKIT_DISMISSED:
		door_failf(call, ERR_AUTH_CANCELLED, "user cancelled authentication process");
		break;
	case POLKIT_NO:
		door_failf(call, ERR_AUTH_FAILED, "access denied by policy");
		break;
	case POLKIT_BROKEN:
		log_warning("uid %u pid %d cannot be let in: %s", c->peer.uid, (int)c->peer.pid,
			    why);
		door_failf(call, ERR_AUTH_FAILED, "%s", why);
		break;
	}
	if (++c->auth_failures >= ATTEMPTS_MAX)
		c->closing = true;
}

static void auth_polkit(struct door_call *call, struct rd *args)
{
	if (call->conn->authenticated)
		return door_failf(call, ERR_AUTH_FAILED,
				  "polkit isn't asked about this connection: it is open already");
	if (!door_ask_polkit(call, call->conn->peer.read_only ? MONITOR : MANAGE, polkit_answered))
		door_failf(call, ERR_NO_MEMORY, "%s", "");
}

static void auth_sasl(struct door_call *call, struct rd *args)
{
	door_fail_in(call, RPC_DOMAIN_RPC, ERR_AUTH_FAILED,
		     "SASL is not offered on this socket; who may use it is decided by its file "
		     "mode or by polkit");
}

static const struct door_proc procs[] = {
	/* clang-format off */
	{ RPC_AUTH_LIST,       DOOR_BEFORE | DOOR_OUTSIDE, "authList", auth_list },
	{ RPC_AUTH_SASL_INIT,  DOOR_BEFORE | DOOR_OUTSIDE, "authSaslInit", auth_sasl },
	{ RPC_AUTH_SASL_START, DOOR_BEFORE | DOOR_OUTSIDE, "authSaslStart", auth_sasl },
	{ RPC_AUTH_SASL_STEP,  DOOR_BEFORE | DOOR_OUTSIDE, "authSaslStep", auth_sasl },
	{ RPC_AUTH_POLKIT,     DOOR_BEFORE | DOOR_OUTSIDE, "authPolkit", auth_polkit },
	/* clang-format on */
};
const struct door_procs door_auth_procs = { procs, ARRAY_LEN(procs) };
