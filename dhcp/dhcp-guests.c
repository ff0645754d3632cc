/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp/dhcp-guests.h"

#include <errno.h>
#include <string.h>

struct guest {
	struct list node;
	struct table_node by_mac, by_name;
	bool named; /* it is the one of its name in by_name */
	uint32_t net_id;
	char name[DHCP4_NAME_MAX];
	uint8_t mac_key[10], name_key[4 + DHCP4_NAME_MAX];
};

static size_t key_of_mac(uint8_t key[static 10], uint32_t net_id, const struct mac *mac)
{
	memcpy(key, &net_id, 4);
	memcpy(key + 4, mac->b, 6);
	return 10;
}

static size_t key_of_name(uint8_t key[static 4 + DHCP4_NAME_MAX], uint32_t net_id, const char *name)
{
	size_t n = strnlen(name, DHCP4_NAME_MAX);

	memcpy(key, &net_id, 4);
	memcpy(key + 4, name, n);
	return 4 + n;
}

void dhcp_guests_init(struct dhcp_guests *g)
{
	table_init(&g->by_mac);
	table_init(&g->by_name);
	list_init(&g->all);
}

static struct guest *find_mac(const struct dhcp_guests *g, uint32_t net_id, const struct mac *mac)
{
	uint8_t key[10];
	struct table_node *n = table_find(&g->by_mac, key, key_of_mac(key, net_id, mac));

	return n ? container_of(n, struct guest, by_mac) : NULL;
}

static struct guest *find_name(const struct dhcp_guests *g, uint32_t net_id, const char *name)
{
	uint8_t key[4 + DHCP4_NAME_MAX];
	struct table_node *n = table_find(&g->by_name, key, key_of_name(key, net_id, name));

	return n ? container_of(n, struct guest, by_name) : NULL;
}

/* 0 also when another one stands there for the name. */
static int enter_name(struct dhcp_guests *g, struct guest *guest)
{
	if (find_name(g, guest->net_id, guest->name))
		return 0;
	int r = table_add(&g->by_name, &guest->by_name, guest->name_key,
			  key_of_name(guest->name_key, guest->net_id, guest->name));
	guest->named = r == 0;
	return r;
}

/* Another interface of the same guest stands in, if it has one. */
static void leave_name(struct dhcp_guests *g, struct guest *guest)
{
	struct guest *other;

	if (!guest->named)
		return;
	table_remove(&g->by_name, &guest->by_name);
	guest->named = false;
	list_foreach (other, &g->all, struct guest, node)
		if (other != guest && other->net_id == guest->net_id &&
		    strcmp(other->name, guest->name) == 0 && enter_name(g, other) == 0)
			return;
}

static void drop(struct dhcp_guests *g, struct guest *guest)
{
	leave_name(g, guest);
	table_remove(&g->by_mac, &guest->by_mac);
	list_remove(&guest->node);
	free(guest);
}

void dhcp_guests_done(struct dhcp_guests *g)
{
	struct guest *guest;

	list_foreach (guest, &g->all, struct guest, node)
		free(guest);
	table_done(&g->by_mac);
	table_done(&g->by_name);
}

int dhcp_guests_set(struct dhcp_guests *g, uint32_t net_id, const struct mac *mac, const char *name)
{
	struct guest *guest = find_mac(g, net_id, mac);

	if (guest && strcmp(guest->name, name) == 0)
		return 0;
	if (guest)
		drop(g, guest);
	if (!name[0])
		return 0;
	if (g->by_mac.count >= DHCP_GUESTS_MAX)
		return -ENOSPC;
	guest = calloc(1, sizeof(*guest));
	if (!guest)
		return -ENOMEM;
	guest->net_id = net_id;
	copy_text(guest->name, sizeof(guest->name), name);
	if (table_add(&g->by_mac, &guest->by_mac, guest->mac_key,
		      key_of_mac(guest->mac_key, net_id, mac)) < 0) {
		free(guest);
		return -ENOMEM;
	}
	list_add_tail(&g->all, &guest->node);
	int r = enter_name(g, guest);
	if (r < 0)
		drop(g, guest);
	return r;
}

void dhcp_guests_forget(struct dhcp_guests *g, uint32_t net_id)
{
	struct guest *guest;

	list_foreach (guest, &g->all, struct guest, node) {
		if (guest->net_id != net_id)
			continue;
		if (guest->named) /* and nobody stands in */
			table_remove(&g->by_name, &guest->by_name);
		guest->named = false;
		drop(g, guest);
	}
}

const char *dhcp_guests_name(const struct dhcp_guests *g, uint32_t net_id, const struct mac *mac)
{
	const struct guest *guest = find_mac(g, net_id, mac);

	return guest ? guest->name : "";
}

bool dhcp_guests_is_others(const struct dhcp_guests *g, uint32_t net_id, const struct mac *mac,
			   const char *name)
{
	const struct guest *of = find_name(g, net_id, name);

	return of && strcmp(dhcp_guests_name(g, net_id, mac), name) != 0;
}
