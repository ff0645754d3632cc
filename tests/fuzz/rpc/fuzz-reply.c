/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon that answers nonsense: the first octet chooses a call, the rest is all that the daemon
 * ever says. */
#include "rpc/client.h"

#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lists(struct rpc_client *c, uint8_t which, const struct rpc_net *net)
{
	struct rpc_leases leases = { 0 };
	struct rpc_row *rows = NULL;
	struct uuid *ports = NULL;
	struct err e = { 0 };
	size_t n = 0;
	int r = which == 0   ? client_list(c, 0, &rows, &n, &e)
		: which == 1 ? client_get_leases(c, net, NULL, &leases, &e)
			     : client_port_list(c, net, &ports, &n, &e);

	/* What came is whole and terminated; what failed says so. */
	if (r < 0 && !e.code)
		abort();
	for (size_t i = 0; rows && i < n; i++)
		if (strlen(rows[i].net.name) > RPC_NAME_MAX ||
		    strlen(rows[i].title) >= sizeof(rows[i].title))
			abort();
	for (size_t i = 0; i < leases.n; i++)
		if (!leases.lease[i].ip || strlen(leases.lease[i].ip) > RPC_MESSAGE_MAX)
			abort();
	rpc_leases_done(&leases);
	free(rows);
	free(ports);
}

static void call(struct rpc_client *c, uint8_t which)
{
	struct rpc_net net = { .name = "default" };
	struct rpc_attached attached;
	struct rpc_event ev;
	struct rpc_port port = { .net = net };
	struct rpc_param params[RPC_PORT_PARAMS_MAX];
	const struct rpc_port_wish wish = { 0 };
	char *text = NULL;
	size_t n;
	bool yes;

	switch (which % 8) {
	case 0:
	case 1:
	case 2:
		return lists(c, which % 8, &net);
	case 3:
		(void)!client_get_xml(c, &net, 0, &text, NULL);
		break;
	case 4:
		(void)!client_lookup(c, "default", &net, NULL);
		break;
	case 5:
		(void)!client_is_active(c, &net, &yes, NULL);
		break;
	case 6:
		(void)!client_guest_attach(c, &net, "eth0", NULL, -1, &attached, NULL);
		(void)!client_port_get_params(c, &port, params, &n, NULL);
		(void)!client_port_add(c, &net, &wish, &text, NULL);
		break;
	case 7:
		while (client_event_wait(c, 0, &ev, NULL) > 0)
			;
		break;
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size < 1 || size > 65536 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	struct rpc_client *c = client_adopt(pair[0]);
	ssize_t sent = send(pair[1], data + 1, size - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(pair[1], SHUT_WR);
	if (c && sent == (ssize_t)size - 1)
		call(c, data[0]);
	client_free(c);
	close(pair[1]);
	return 0;
}
