/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's registers. The rings lie in the image's own memory, above 1 MiB, which the
 * configuration must map one to one (`unsafe-dma`): what we call an address, the card does, too.
 */
#include "guests/net/e1000.h"

#include "guests/net/e1000_ring.h"
#include "guests/net/ioapic.h"
#include "guests/net/pci.h"
#include "guests/runtime/apic.h"
#include "guests/runtime/console.h"
#include "guests/runtime/cpu.h"
#include "guests/runtime/timing.h"
#include "guests/runtime/trap.h"

#define RX_COUNT       128
#define TX_COUNT       128
#define RESET_US       20000
#define EEPROM_TRIES   100
#define EEPROM_WAIT_US 50
#define MAC_LOCAL      0x02
#define ITR_100_US     390
#define INTERRUPTS     (E1000_INT_LSC | E1000_INT_RXDMT0 | E1000_INT_RXO | E1000_INT_RXT0)

static struct e1000_rx_desc rx_desc[RX_COUNT] __attribute__((aligned(4096)));
static struct e1000_tx_desc tx_desc[TX_COUNT] __attribute__((aligned(4096)));
static uint8_t rx_buffers[RX_COUNT * E1000_BUFFER_SIZE] __attribute__((aligned(4096)));
static uint8_t tx_buffers[TX_COUNT * E1000_BUFFER_SIZE] __attribute__((aligned(4096)));

static struct e1000_rx_ring rx = {.desc = rx_desc, .buffers = rx_buffers, .count = RX_COUNT};
static struct e1000_tx_ring tx = {.desc = tx_desc, .buffers = tx_buffers, .count = TX_COUNT};

static struct pci_nic nic;
static uint8_t mac_address[E1000_MAC_SIZE];
static uint64_t interrupts;
static uint64_t missed;
static bool event;

static uint32_t read(uint32_t offset)
{
    return cpu_read32(nic.bar0 + offset);
}

static void write(uint32_t offset, uint32_t value)
{
    cpu_write32(nic.bar0 + offset, value);
}

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    /* Reading ICR takes the level back; EOI before that would raise the interrupt again. */
    (void)read(E1000_ICR);
    event = true;
    interrupts++;
    apic_eoi();
}

bool e1000_take_event(void)
{
    bool was = event;
    event = false;
    return was;
}

/* The 16 bits of a word of the EEPROM; false: it does not answer. */
static bool read_eeprom(uint32_t word, uint16_t *value)
{
    bool newer = nic.device_id == PCI_DEVICE_82574L;
    uint32_t done = newer ? E1000_EERD_DONE_82574 : E1000_EERD_DONE;
    write(E1000_EERD,
          E1000_EERD_START | word << (newer ? E1000_EERD_ADDR_82574 : E1000_EERD_ADDRESS));
    for (unsigned i = 0; i < EEPROM_TRIES; i++) {
        uint32_t answer = read(E1000_EERD);
        if ((answer & done) != 0) {
            *value = (uint16_t)(answer >> E1000_EERD_DATA);
            return true;
        }
        timing_delay_us(EEPROM_WAIT_US);
    }
    return false;
}

static bool mac_usable(void)
{
    uint8_t any = 0;
    for (unsigned i = 0; i < E1000_MAC_SIZE; i++) {
        any |= mac_address[i];
    }
    return any != 0 && (mac_address[0] & 1) == 0;
}

static void read_receive_address(void)
{
    uint64_t address = read(E1000_RAL0) | (uint64_t)(read(E1000_RAH0) & 0xffff) << 32;
    for (unsigned i = 0; i < E1000_MAC_SIZE; i++) {
        mac_address[i] = (uint8_t)(address >> (8 * i));
    }
}

static void read_eeprom_address(void)
{
    for (uint32_t word = 0; word < E1000_MAC_SIZE / 2; word++) {
        uint16_t value = 0;
        if (!read_eeprom(word, &value)) {
            return;
        }
        mac_address[2 * word] = (uint8_t)value;
        mac_address[2 * word + 1] = (uint8_t)(value >> 8);
    }
}

/*
 * After a reset the card loads its address from the EEPROM into the first receive address; not all
 * emulated ones do. The last resort is an address of our own choice, "locally administered".
 */
static void find_mac(void)
{
    read_receive_address();
    if (!mac_usable()) {
        read_eeprom_address();
    }
    if (!mac_usable()) {
        uint64_t chosen = cpu_rdtsc();
        for (unsigned i = 0; i < E1000_MAC_SIZE; i++) {
            mac_address[i] = (uint8_t)(chosen >> (8 * i));
        }
        mac_address[0] = MAC_LOCAL;
    }
    write(E1000_RAL0, (uint32_t)mac_address[0] | (uint32_t)mac_address[1] << 8 |
                          (uint32_t)mac_address[2] << 16 | (uint32_t)mac_address[3] << 24);
    write(E1000_RAH0, (uint32_t)mac_address[4] | (uint32_t)mac_address[5] << 8 | E1000_RAH_AV);
}

static void reset(void)
{
    /* An earlier life of this VM may have left the card receiving into memory. */
    write(E1000_IMC, UINT32_MAX);
    write(E1000_RCTL, 0);
    write(E1000_TCTL, E1000_TCTL_PSP);
    (void)read(E1000_STATUS);
    timing_delay_us(RESET_US);
    write(E1000_CTRL, read(E1000_CTRL) | E1000_CTRL_RST);
    timing_delay_us(RESET_US);
    write(E1000_IMC, UINT32_MAX);
    (void)read(E1000_ICR);
    uint32_t control = read(E1000_CTRL);
    control &= ~(E1000_CTRL_LRST | E1000_CTRL_ILOS | E1000_CTRL_PHY_RST | E1000_CTRL_VME);
    write(E1000_CTRL, control | E1000_CTRL_SLU | E1000_CTRL_ASDE);
    for (uint32_t i = 0; i < E1000_MTA_WORDS; i++) {
        write(E1000_MTA + i * 4, 0);
    }
}

static void start_rings(void)
{
    e1000_rx_init(&rx, (uint64_t)rx_buffers);
    e1000_tx_init(&tx, (uint64_t)tx_buffers);
    write(E1000_RDBAL, (uint32_t)(uint64_t)rx_desc);
    write(E1000_RDBAH, (uint32_t)((uint64_t)rx_desc >> 32));
    write(E1000_RDLEN, sizeof(rx_desc));
    write(E1000_RDH, 0);
    write(E1000_RDT, e1000_rx_tail(&rx));
    write(E1000_RDTR, 0);
    write(E1000_TDBAL, (uint32_t)(uint64_t)tx_desc);
    write(E1000_TDBAH, (uint32_t)((uint64_t)tx_desc >> 32));
    write(E1000_TDLEN, sizeof(tx_desc));
    write(E1000_TDH, 0);
    write(E1000_TDT, 0);
    write(E1000_TIPG, E1000_TIPG_COPPER);
    write(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT | E1000_TCTL_COLD);
    /* All multicast: IPv6 and mDNS choose their groups, and few frames come. */
    write(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_MPE | E1000_RCTL_BAM | E1000_RCTL_BSIZE_2048 |
                          E1000_RCTL_SECRC);
}

bool e1000_start(uint8_t vector, uint32_t gsi)
{
    if (!pci_find_nic(&nic)) {
        return false;
    }
    uint32_t input = gsi != UINT32_MAX ? gsi : nic.interrupt_line;
    reset();
    find_mac();
    print("net: card 8086:%04x at 00:%02x.%u, registers 0x%lx, GSI %u, "
          "%02x:%02x:%02x:%02x:%02x:%02x\n",
          nic.device_id, nic.device, nic.function, nic.bar0, input, mac_address[0], mac_address[1],
          mac_address[2], mac_address[3], mac_address[4], mac_address[5]);
    trap_set_handler(vector, on_interrupt);
    if (!ioapic_route(input, vector)) {
        print("net: the IOAPIC has no input %u\n", input);
        return false;
    }
    start_rings();
    write(E1000_ITR, ITR_100_US);
    write(E1000_IMS, INTERRUPTS);
    return true;
}

void e1000_mac(uint8_t mac[E1000_MAC_SIZE])
{
    for (unsigned i = 0; i < E1000_MAC_SIZE; i++) {
        mac[i] = mac_address[i];
    }
}

bool e1000_link(void)
{
    return (read(E1000_STATUS) & E1000_STATUS_LU) != 0;
}

const uint8_t *e1000_receive(size_t *length)
{
    return e1000_rx_frame(&rx, length);
}

void e1000_receive_next(void)
{
    e1000_rx_release(&rx);
}

void e1000_receive_end(void)
{
    write(E1000_RDT, e1000_rx_tail(&rx));
}

uint8_t *e1000_send_buffer(void)
{
    return e1000_tx_buffer(&tx);
}

void e1000_send(size_t length)
{
    e1000_tx_commit(&tx, length);
    write(E1000_TDT, tx.next);
}

void e1000_read_counters(struct e1000_counters *counters)
{
    missed += read(E1000_MPC);
    counters->rx_frames = rx.frames;
    counters->rx_dropped = rx.dropped;
    counters->rx_missed = missed;
    counters->tx_frames = tx.frames;
    counters->tx_dropped = tx.dropped;
    counters->interrupts = interrupts;
}
