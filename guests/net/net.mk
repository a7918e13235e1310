# SPDX-License-Identifier: Apache-2.0
# The management guest's own: lwIP from Debian's source package, built with our flags (its warnings
# are not ours), and the files of web/ as arrays. Included by guests/guests.mk.

LWIP_SRC := $(addprefix core/,init.c def.c inet_chksum.c ip.c mem.c memp.c netif.c pbuf.c stats.c \
	tcp.c tcp_in.c tcp_out.c timeouts.c udp.c) \
	$(addprefix core/ipv4/,autoip.c dhcp.c etharp.c icmp.c igmp.c ip4.c ip4_addr.c) \
	$(addprefix core/ipv6/,ethip6.c icmp6.c inet6.c ip6.c ip6_addr.c mld6.c nd6.c) \
	netif/ethernet.c apps/mdns/mdns.c
NET_PAGES := index.html app.js style.css
NET_PAGE_C := $(patsubst %,$(BUILD)/gen/net/%.c,$(NET_PAGES))

# Objects beside those of guests/net/*.c; guests/guests.mk links them.
GUEST_MORE_net := $(addprefix lwip/,$(LWIP_SRC)) $(addprefix pages/,$(addsuffix .c,$(NET_PAGES)))

LWIP_INCLUDE = -Iguests/net/lwip -isystem $(LWIP_DIR)/include
GUEST_NET_CFLAGS = -Iguests/net/libc $(LWIP_INCLUDE)
$(BUILD)/guests/obj/guests/net/%.o $(BUILD)/guests/obj/lwip/%.o: \
	GUEST_CFLAGS += $(GUEST_NET_CFLAGS)
$(BUILD)/guests/obj/guests/net/%.o: | $(SETUP_LWIP)
# Headers that lwIP's own include count as a system's, which -MMD leaves out.
LWIP_OPTIONS := $(wildcard guests/net/lwip/*.h guests/net/lwip/arch/*.h)
$(patsubst %,$(BUILD)/guests/obj/%.o,$(wildcard guests/net/*.c) $(addprefix lwip/,$(LWIP_SRC))) \
$(foreach f,connection.o network.o,$(BUILD)/fuzz/obj/guests/net/$(f)): $(LWIP_OPTIONS)

$(BUILD)/guests/obj/lwip/%.c.o: $(BUILD)/flags/guests | $(SETUP_LWIP)
	$(call say,CC,lwip/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -w -MMD -MP -c -o $@ $(LWIP_DIR)/$*.c

$(BUILD)/gen/net/%.c: guests/net/web/% tools/mkarray
	$(call say,ARRAY,$@)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/mkarray page_$(subst .,_,$*) $< guests/net/pages.h > $@
$(BUILD)/guests/obj/pages/%.c.o: $(BUILD)/gen/net/%.c $(BUILD)/flags/guests
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
