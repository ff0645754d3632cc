/* SPDX-License-Identifier: GPL-2.0-or-later */
/* document.h — files with XML in them. */
#ifndef NETCTL_DOCUMENT_H
#define NETCTL_DOCUMENT_H

#include "netctl/verb.h"
#include "rpc/protocol.h"

/* The whole of a file, or of standard input for "-"; at most RPC_CALL_MAX octets. A new, terminated
 * string; NULL when the failure has been printed. */
char *document_read(const struct ctl *ctl, const char *path) mustcheck;

#endif
