/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp4-reply.c — what a reply says.
 *
 * Order of options: type, server identifier, lease time, T1, T2 (at fixed places, so that a reply
 * that waited for the store can be shortened); the echoed client identifier (RFC 6842); the mask,
 * before the router because some clients mis-parse the other way round; then what the client asked
 * for, in its order; then what every client gets, asked or not. What doesn't fit is left out from
 * the end. */
#include "dhcp/dhcp4-internal.h"
#include "dhcp/dhcp4-names.h"

#include <stdio.h>
#include <string.h>

#define LEASE_AT    (DHCP4_FIXED_SIZE + 3 + 6)
#define T1_AT       (LEASE_AT + 6)
#define T2_AT       (T1_AT + 6)
#define IP_UDP_SIZE 28
#define IP_SIZE_MIN 576 /* RFC 2131 §2: every client can receive that */
#define MTU_DEFAULT 1500
#define BOOTP_LIMIT (IP_SIZE_MIN - IP_UDP_SIZE)

static uint32_t lease_t1(uint32_t sec)
{
	return sec / 2;
}

static uint32_t lease_t2(uint32_t sec)
{
	return (uint32_t)((uint64_t)sec * 7 / 8);
}

static size_t limit_of(const struct dhcp4 *s, const struct dhcp4_message *m)
{
	uint32_t mtu = MAX_OF(s->c.mtu ? s->c.mtu : MTU_DEFAULT, IP_SIZE_MIN);
	uint32_t max = MIN_OF(MAX_OF(m->max_size, IP_SIZE_MIN), mtu);
	/* The relay takes its option out again, so it isn't the client's to have room for it. */
	uint32_t relay = m->relay.p ? m->relay.n + 2 * (m->relay.n / 255 + 1) : 0;

	if (m->type == DHCP4_TYPE_BOOTP)
		return BOOTP_LIMIT + relay;
	return MIN_OF(max + relay - IP_UDP_SIZE, DHCP4_PAYLOAD_MAX);
}

static bool is_http_client(const struct dhcp4_message *m)
{
	static const char text[] = "HTTPClient";

	return m->vendor_class.n >= strlen(text) &&
	       memcmp(m->vendor_class.p, text, strlen(text)) == 0;
}

static void put_text(struct wr *w, const char *text)
{
	wr_bytes(w, text, strlen(text));
}

static void put_ip_unless_zero(struct wr *w, uint32_t ip)
{
	if (ip)
		wr_u32(w, ip);
}

/* RFC 3442: who takes these routes takes no other, so the default route is among them, too. */
static void put_routes(const struct dhcp4 *s, const struct dhcp_settings *set, struct wr *w)
{
	const struct dhcp_rule_option *o = dhcp_settings_find(set, DHCP4_OPT_ROUTES),
				      *router = dhcp_settings_find(set, DHCP4_OPT_ROUTER);
	uint32_t gateway = s->c.router;

	if (!o)
		o = dhcp_settings_find(set, DHCP4_OPT_MS_ROUTES);
	if (!o || o->absent)
		return;
	if (router) {
		struct rd r = rd_over(dhcp_settings_value(set, router), router->n);
		gateway = rd_u32(&r);
	}
	struct rd r = rd_over(dhcp_settings_value(set, o), o->n);
	while (rd_left(&r)) {
		unsigned prefix = rd_u8(&r);
		rd_skip(&r, (prefix + 7) / 8 + 4);
		if (prefix == 0)
			gateway = 0;
	}
	wr_bytes(w, dhcp_settings_value(set, o), o->n);
	if (!r.bad && gateway) {
		wr_u8(w, 0);
		wr_u32(w, gateway);
	}
}

/* By a rule of the definition. False: none speaks of this option. */
static bool put_setting(const struct dhcp4 *s, const struct dhcp_settings *set, uint8_t code,
			struct wr *w)
{
	const struct dhcp_rule_option *o = dhcp_settings_find(set, code);

	if (code == DHCP4_OPT_ROUTES || (code == DHCP4_OPT_MS_ROUTES && !o)) {
		put_routes(s, set, w);
		return true;
	}
	if (!o)
		return false;
	wr_bytes(w, dhcp_settings_value(set, o), o->n);
	return true;
}

/* What the client boots: a rule's file, or the network's. */
struct boot {
	char file[sizeof(((struct dhcp_rule *)NULL)->boot) + 32]; /* or URL; "" for none */
	uint32_t server;
};

static struct boot boot_of(const struct dhcp4 *s, const struct dhcp4_message *m,
			   const struct dhcp4_answer *a)
{
	struct boot b = { .server = s->c.next_server };
	const char *file = s->c.boot_file;
	char ip[IP_TEXT_MAX];

	if (a->set->boot) {
		file = a->set->boot->boot;
		b.server = a->set->boot->boot_server;
	}
	/* An HTTP client takes a URL only; our own folder has one. */
	if (s->c.http && !b.server && is_http_client(m) && file[0] && !strstr(file, "://"))
		snprintf(b.file, sizeof(b.file), "http://%s/%s", ip4_format(s->c.server, ip),
			 file + strspn(file, "/"));
	else
		(void)copy_text(b.file, sizeof(b.file), file);
	return b;
}

/* The value of one option, nothing when this network has none. */
static void put_value(const struct dhcp4 *s, const struct dhcp4_message *m,
		      const struct dhcp4_answer *a, const struct boot *boot, uint8_t code,
		      struct wr *w)
{
	const struct dhcp4_config *c = &s->c;
	uint32_t mask = ip4_mask(c->prefix);
	char ip[IP_TEXT_MAX];

	if (put_setting(s, a->set, code, w))
		return;
	switch (code) {
	case DHCP4_OPT_SUBNET_MASK:
		wr_u32(w, mask);
		break;
	case DHCP4_OPT_ROUTER:
		put_ip_unless_zero(w, c->router);
		break;
	case DHCP4_OPT_DNS:
		put_ip_unless_zero(w, c->dns);
		break;
	case DHCP4_OPT_HOST_NAME:
		put_text(w, a->name);
		break;
	case DHCP4_OPT_DOMAIN_NAME:
		put_text(w, c->domain);
		break;
	case DHCP4_OPT_MTU:
		if (c->mtu)
			wr_u16(w, (uint16_t)MIN_OF(c->mtu, UINT16_MAX));
		break;
	case DHCP4_OPT_BROADCAST:
		wr_u32(w, (c->relay ? c->subnet : c->server) | ~mask);
		break;
	case DHCP4_OPT_TFTP_SERVER:
		if (boot->file[0] && !strstr(boot->file, "://"))
			put_text(w, ip4_format(boot->server ? boot->server : c->server, ip));
		break;
	case DHCP4_OPT_BOOT_FILE:
		/* Some BIOS ROMs need the NUL; a URI must not have it. */
		put_text(w, boot->file);
		if (boot->file[0] && !strstr(boot->file, "://"))
			wr_u8(w, 0);
		break;
	case DHCP4_OPT_FQDN:
		if (m->fqdn.p && a->name[0]) {
			uint8_t value[255];
			wr_bytes(w, value,
				 dhcp4_fqdn_reply(m->fqdn.p[0], a->name, c->domain, value));
		}
		break;
	default:
		break;
	}
}

struct reply {
	const struct dhcp4 *s;
	const struct dhcp4_message *m;
	const struct dhcp4_answer *a;
	struct boot boot;
	struct dhcp4_writer w;
	bool done[256]; /* each option once, however often it was asked for */
};

static void add(struct reply *r, uint8_t code)
{
	uint8_t value[DHCP_RULE_VALUE_MAX + 5]; /* with a default route */
	struct wr v = wr_over(value, sizeof(value));

	if (r->done[code])
		return;
	r->done[code] = true;
	put_value(r->s, r->m, r->a, &r->boot, code, &v);
	const struct dhcp_rule_option *o = dhcp_settings_find(r->a->set, code);
	bool empty = o && !o->absent && !o->n;
	if (!v.bad && (wr_len(&v) || empty))
		(void)dhcp4_write_option(&r->w, code, value, wr_len(&v));
}

static void add_lease(struct dhcp4_writer *w, const struct dhcp_settings *set, uint32_t sec)
{
	uint32_t t1 = lease_t1(sec), t2 = lease_t2(sec);

	(void)dhcp4_write_option_u32(w, DHCP4_OPT_LEASE_TIME, sec);
	if (sec == DHCP4_LEASE_INFINITE)
		return;
	(void)dhcp_settings_times(set, sec, &t1, &t2);
	(void)dhcp4_write_option_u32(w, DHCP4_OPT_T1, t1);
	(void)dhcp4_write_option_u32(w, DHCP4_OPT_T2, t2);
}

/* What rules say to everybody whom they are for, asked or not: all of it, to who doesn't say what
 * it wants. */
static void add_settings(struct reply *r)
{
	const struct dhcp_settings *set = r->a->set;

	for (size_t i = 0; i < set->n; i++)
		if (set->option[i]->force || !r->m->parameter_list.n)
			add(r, (uint8_t)set->option[i]->code);
}

static void add_parameters(struct reply *r)
{
	static const uint8_t always[] = {
		DHCP4_OPT_BROADCAST, DHCP4_OPT_ROUTER, DHCP4_OPT_DNS,  DHCP4_OPT_DOMAIN_NAME,
		DHCP4_OPT_HOST_NAME, DHCP4_OPT_MTU,    DHCP4_OPT_FQDN,
	};

	if (is_http_client(r->m) && r->boot.file[0]) {
		/* UEFI takes no offer without this echo for one of its HTTP boot servers. */
		if (!dhcp_settings_find(r->a->set, DHCP4_OPT_VENDOR_CLASS))
			(void)dhcp4_write_option(&r->w, DHCP4_OPT_VENDOR_CLASS, "HTTPClient", 10);
		add(r, DHCP4_OPT_BOOT_FILE);
	}
	add(r, DHCP4_OPT_SUBNET_MASK);
	for (size_t i = 0; i < r->m->parameter_list.n; i++)
		add(r, r->m->parameter_list.p[i]);
	add_settings(r);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		add(r, always[i]);
}

size_t dhcp4_build_reply(const struct dhcp4 *s, const struct dhcp4_message *m,
			 const struct dhcp4_answer *a, uint8_t buf[static DHCP4_PAYLOAD_MAX])
{
	struct reply r = { .s = s, .m = m, .a = a };
	bool nak = a->type == DHCP4_TYPE_NAK;
	struct dhcp4_reply_head head = {
		.ciaddr = a->ciaddr, .yiaddr = a->yiaddr, .flags = m->flags, .boot_file = ""
	};

	if (!nak) {
		r.boot = boot_of(s, m, a);
		head.siaddr = r.boot.server ? r.boot.server : s->c.server;
		/* What is too long for the field is said by the option alone. */
		if (strlen(r.boot.file) < DHCP4_BOOT_FILE_MAX)
			head.boot_file = r.boot.file;
	}

	/* RFC 2131 §4.3.2: a relay passes a NAK on by broadcast. */
	if (nak && m->giaddr)
		head.flags |= DHCP4_FLAG_BROADCAST;
	dhcp4_write_head(&r.w, buf, limit_of(s, m), m, &head);
	if (m->relay.p)
		dhcp4_write_keep(&r.w, m->relay.n);
	if (a->type != DHCP4_TYPE_BOOTP) {
		(void)dhcp4_write_option_u8(&r.w, DHCP4_OPT_TYPE, (uint8_t)a->type);
		(void)dhcp4_write_option_u32(&r.w, DHCP4_OPT_SERVER_ID,
					     m->as_server ? m->as_server : s->c.server);
	}
	if (a->lease_sec)
		add_lease(&r.w, a->set, a->lease_sec);
	if (a->rapid_commit)
		(void)dhcp4_write_option(&r.w, DHCP4_OPT_RAPID_COMMIT, NULL, 0);
	if (m->client_id.p)
		(void)dhcp4_write_option(&r.w, DHCP4_OPT_CLIENT_ID, m->client_id.p, m->client_id.n);
	if (nak)
		(void)dhcp4_write_option(&r.w, DHCP4_OPT_MESSAGE, a->message, strlen(a->message));
	else
		add_parameters(&r);
	if (m->relay.p) /* RFC 3046 §2.2: as it came, and last */
		dhcp4_write_last(&r.w, DHCP4_OPT_RELAY, m->relay.p, m->relay.n);
	return dhcp4_write_end(&r.w);
}

void dhcp4_cut_lease(uint8_t *payload, size_t n, uint32_t sec)
{
	struct wr w = wr_over(payload, n);
	struct rd r = rd_over(payload, n);

	w.p = w.end;
	rd_skip(&r, LEASE_AT);
	if (rd_u8(&r) != DHCP4_OPT_LEASE_TIME || rd_u8(&r) != 4 || rd_u32(&r) <= sec)
		return;
	wr_patch_u32(&w, LEASE_AT + 2, sec);
	if (rd_u8(&r) != DHCP4_OPT_T1)
		return;
	wr_patch_u32(&w, T1_AT + 2, lease_t1(sec));
	wr_patch_u32(&w, T2_AT + 2, lease_t2(sec));
}
