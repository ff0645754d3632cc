/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tftp-internal.h — the packets' numbers. */
#ifndef TFTP_TFTP_INTERNAL_H
#define TFTP_TFTP_INTERNAL_H

#include "tftp/tftp.h"

enum tftp_op {
	TFTP_OP_RRQ = 1,
	TFTP_OP_WRQ,
	TFTP_OP_DATA,
	TFTP_OP_ACK,
	TFTP_OP_ERROR,
	TFTP_OP_OACK, /* RFC 2347 */
};

#define TFTP_HEADER_OCTETS 4 /* of DATA, ACK, ERROR */

#endif
