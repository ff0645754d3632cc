/* SPDX-License-Identifier: GPL-2.0-or-later */
/* messages-keeper.h — what the keeper and the controller say to each other. Few and small messages:
 * one struct serves all, a table in the .c says which of its fields and how many descriptors each
 * type has. */
#ifndef NETD_MESSAGES_KEEPER_H
#define NETD_MESSAGES_KEEPER_H

#include "netd/process/channel.h"

#define KEEPER_NAME_MAX 100  /* octets of a held descriptor's or a role's name */
#define KEEPER_TEXT_MAX 1023 /* octets of a text for people, or a path */
/* An encoded body fits into this. */
#define KEEPER_BODY_MAX (4 + 4 + 8 + (4 + KEEPER_NAME_MAX) + (4 + KEEPER_TEXT_MAX + 1))

struct keeper_message {
	uint32_t type;   /* enum message_type */
	uint32_t id;     /* SPAWN, SPAWNED, DIED, KILL: the worker's, chosen by the controller */
	int32_t number;  /* SPAWNED: pid; DIED: wait status; HELLO: how often a controller was
			    started before */
	uint64_t cookie; /* PING, PONG */
	char name[KEEPER_NAME_MAX + 1]; /* HELD, STORE, DROP: the descriptor's; SPAWN: the role's */
	char text[KEEPER_TEXT_MAX + 1]; /* HELLO: the root folder; READY: status; FAILED: why */
};

/* Whether systemd's descriptor store takes the name as well: 1..KEEPER_NAME_MAX printable ASCII
 * characters, no colon. */
bool keeper_name_is_valid(const char *name);

/* Write the body of *m; returns its length, 0 also when it has none. The type must be one of the
 * table's. */
size_t keeper_encode(const struct keeper_message *m, uint8_t body[static KEEPER_BODY_MAX]);
/* Encode and send. Descriptors as for channel_send(). */
int keeper_send(struct channel *c, const struct keeper_message *m, const int *fds, size_t n_fds)
    mustcheck;
/* Read a received message whole: false when it is none of these, or not exactly as the table says,
 * its number of descriptors included. */
bool keeper_decode(const struct channel_message *in, struct keeper_message *m) mustcheck;

#endif
