/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rpc/types.h"
#include "wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* As captured from libvirtd 11.3 for a lookup of a network that isn't there. */
#define NOT_FOUND                                                                                  \
	"0000002b 00000013 00000001"                                                               \
	"00000039 "                                                                                \
	"4e6574776f726b206e6f7420666f756e643a206e6f206e6574776f726b2077697468206d61746368696e67"   \
	"206e616d6520276e6f7375636827000000 00000002 00000000"                                     \
	"00000001 00000017 4e6574776f726b206e6f7420666f756e643a2025312473 00"                      \
	"00000001 00000026 "                                                                       \
	"6e6f206e6574776f726b2077697468206d61746368696e67206e616d6520276e6f7375636827"             \
	"0000 00000000 ffffffff ffffffff 00000000"

static void test_error_bytes(void **state)
{
	uint8_t got[1024], want[1024];
	struct wr w = wr_over(got, sizeof(got));
	struct err e = { 0 };

	err_set(&e, ERR_NO_NETWORK, "no network with matching name 'nosuch'");
	rpc_put_error(&w, &e, 0);
	assert_int_equal(wr_len(&w), unhex(NOT_FOUND, want, sizeof(want)));
	assert_memory_equal(got, want, wr_len(&w));

	struct rd r = rd_over(want, wr_len(&w));
	struct err back = { 0 };
	rpc_get_error(&r, &back);
	assert_int_equal(back.class, ERR_NO_NETWORK);
	assert_int_equal(back.code, ENOENT);
	assert_string_equal(back.msg, "Network not found: no network with matching name 'nosuch'");
}

static const struct {
	enum err_class class;
	const char *msg, *text;
	int32_t domain;
} texts[] = {
	{ ERR_INTERNAL, "x", "internal error: x", 19 },
	{ ERR_OPERATION_INVALID, "network 'a' is not active",
	  "Requested operation is not valid: network 'a' is not active", 19 },
	{ ERR_OPERATION_FAILED, "x", "operation failed: x", 19 },
	{ ERR_OPERATION_UNSUPPORTED, "x", "Operation not supported: x", 19 },
	{ ERR_OPERATION_DENIED, "read only access prevents virNetworkDefineXML",
	  "operation forbidden: read only access prevents virNetworkDefineXML", 19 },
	{ ERR_XML, "x", "XML error: x", 19 },
	{ ERR_XML_DETAIL, "at line 3: x", "at line 3: x", 19 },
	{ ERR_SYSTEM, "cannot do it: No such file", "cannot do it: No such file", 19 },
	{ ERR_NO_NAME, "", "missing name information", 19 },
	{ ERR_RPC, "unknown procedure: 9999", "unknown procedure: 9999", 7 },
	{ ERR_NO_SUPPORT, "virConnectNumOfDomains",
	  "this function is not supported by the connection driver: virConnectNumOfDomains", 20 },
	{ ERR_NETWORK_PORT_EXIST, "Network port with UUID 1 already exists",
	  "network port Network port with UUID 1 already exists exists already", 19 },
	{ ERR_XML_INVALID_SCHEMA, "x", "XML document failed to validate against schema: x", 5 },
	{ ERR_NO_NETWORK, "", "Network not found", 19 },
};

static void test_error_texts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		uint8_t b[4096];
		struct wr w = wr_over(b, sizeof(b));
		struct err e = { .class = texts[i].class }, back = { 0 };

		copy_text(e.msg, sizeof(e.msg), texts[i].msg);
		rpc_put_error(&w, &e, 0);
		assert_false(w.bad);
		struct rd r = rd_over(b, wr_len(&w));
		assert_int_equal(xdr_get_i32(&r), texts[i].class);
		assert_int_equal(xdr_get_i32(&r), texts[i].domain);
		r = rd_over(b, wr_len(&w));
		rpc_get_error(&r, &back);
		assert_string_equal(back.msg, texts[i].text);
		auto_free char *text = rpc_error_text(&e);
		assert_string_equal(text, texts[i].text);
	}
}

/* A message that fills struct err, of another class than any we know. */
static void test_error_extremes(void **state)
{
	uint8_t b[4096];
	struct wr w = wr_over(b, sizeof(b));
	struct err e = { .class = ERR_INTERNAL }, back = { 0 };

	memset(e.msg, 'x', sizeof(e.msg) - 1);
	rpc_put_error(&w, &e, RPC_DOMAIN_RPC);
	assert_false(w.bad);
	struct rd r = rd_over(b, wr_len(&w));
	rpc_get_error(&r, &back);
	assert_int_equal(strlen(back.msg), sizeof(back.msg) - 1);

	uint8_t other[16] = { 0, 0, 0, 79, 0, 0, 0, 60, 0, 0, 0, 0 };
	r = rd_over(other, 12);
	rpc_get_error(&r, &back);
	assert_int_equal(back.class, 79);
	assert_true(back.code > 0 && back.msg[0]);
	r = rd_over(other, 7);
	rpc_get_error(&r, &back);
	assert_int_equal(back.class, ERR_RPC);
}

static void test_leases(void **state)
{
	static const struct rpc_lease in[] = {
		{ "virbr0", 1800000000, RPC_LEASE_IPV4, "52:54:00:00:00:01", NULL, "10.0.0.2", 24,
		  "g1", "01:02" },
		{ "virbr0", 0, RPC_LEASE_IPV6, NULL, "7", "fd00::2", 64, NULL, NULL },
	};
	uint8_t b[512];
	struct wr w = wr_over(b, sizeof(b));
	struct rpc_leases out;

	wr_u32(&w, 2);
	rpc_put_lease(&w, &in[0]);
	rpc_put_lease(&w, &in[1]);
	assert_false(w.bad);
	struct rd r = rd_over(b, wr_len(&w));
	assert_int_equal(rpc_get_leases(&r, &out), 0);
	assert_int_equal(out.n, 2);
	assert_string_equal(out.lease[0].interface, "virbr0");
	assert_int_equal(out.lease[0].expiry_sec, 1800000000);
	assert_string_equal(out.lease[0].client_id, "01:02");
	assert_null(out.lease[0].iaid);
	assert_null(out.lease[1].mac);
	assert_string_equal(out.lease[1].iaid, "7");
	assert_int_equal(out.lease[1].type, RPC_LEASE_IPV6);
	assert_int_equal(out.lease[1].prefix, 64);
	rpc_leases_done(&out);

	for (size_t cut = 0; cut < wr_len(&w); cut++) {
		r = rd_over(b, cut);
		assert_int_equal(rpc_get_leases(&r, &out), -EPROTO);
	}
	/* 65535 leases are claimed and 4 octets come. */
	r = rd_over("\0\0\xff\xff\0\0\0\0", 8);
	assert_int_equal(rpc_get_leases(&r, &out), -EPROTO);
}

static void test_params(void **state)
{
	static const struct rpc_param in[] = {
		{ "inbound.average", RPC_PARAM_UINT, 1000, { NULL, 0 } },
		{ "negative", RPC_PARAM_INT, (uint64_t)-5, { NULL, 0 } },
		{ "long", RPC_PARAM_ULLONG, UINT64_C(0x123456789abcdef0), { NULL, 0 } },
		{ "user-name", RPC_PARAM_STRING, 0, { "root", 4 } },
		{ "on", RPC_PARAM_BOOLEAN, 1, { NULL, 0 } },
	};
	struct rpc_param out[8];
	uint8_t b[512];
	struct wr w = wr_over(b, sizeof(b));

	wr_u32(&w, ARRAY_LEN(in));
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		rpc_put_param(&w, &in[i]);
	struct rd r = rd_over(b, wr_len(&w));
	assert_int_equal(rpc_get_params(&r, out, ARRAY_LEN(out)), ARRAY_LEN(in));
	for (size_t i = 0; i < ARRAY_LEN(in); i++) {
		assert_string_equal(out[i].field, in[i].field);
		assert_int_equal(out[i].type, in[i].type);
		assert_int_equal(out[i].number, in[i].number);
	}
	assert_true(xdr_str_equal(out[3].text, "root"));
	r = rd_over(b, wr_len(&w));
	assert_int_equal(rpc_get_params(&r, out, 4), 0);
	assert_true(r.bad);
	b[4 + 4 + 16 + 3] = 8; /* a type that there isn't */
	r = rd_over(b, wr_len(&w));
	assert_int_equal(rpc_get_params(&r, out, ARRAY_LEN(out)), 0);
	assert_true(r.bad);
}

static void test_list_flags(void **state)
{
	assert_true(rpc_list_matches(0, false, true, false));
	assert_true(rpc_list_matches(RPC_LIST_ACTIVE | RPC_LIST_INACTIVE, false, true, false));
	assert_false(rpc_list_matches(RPC_LIST_ACTIVE, false, true, false));
	assert_true(rpc_list_matches(RPC_LIST_ACTIVE | RPC_LIST_TRANSIENT, true, false, false));
	assert_false(rpc_list_matches(RPC_LIST_ACTIVE | RPC_LIST_TRANSIENT, true, true, false));
	assert_false(rpc_list_matches(RPC_LIST_NO_AUTOSTART, true, true, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_bytes),    cmocka_unit_test(test_error_texts),
		cmocka_unit_test(test_error_extremes), cmocka_unit_test(test_leases),
		cmocka_unit_test(test_params),         cmocka_unit_test(test_list_flags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
