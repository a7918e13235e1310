# SPDX-License-Identifier: Apache-2.0
"""tools/mkimage: what stands on the disk, what is refused, and that equal input
gives equal bytes. No machine is booted here; test_run.py boots such images."""

import json
import os
import subprocess

import pytest

from conftest import MKIMAGE, TREE

ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
MIB = 1 << 20


def config_of(*paths, compatible="module,kernel"):
    modules = "".join(f'm{i} {{ compatible = "{compatible}"; file = "{path}"; }};\n'
                      for i, path in enumerate(paths))
    return "/dts-v1/;\n/ { vm { " + modules + " }; };\n"


class Workshop:
    """A folder with a loader, a configuration and files, and mkimage run in it."""

    def __init__(self, folder):
        self.folder = folder
        self.image = folder / "out.img"
        (folder / "loader.efi").write_bytes(b"MZ loader")
        self.config(config_of())

    def config(self, text):
        (self.folder / "vm.dts").write_text(text)

    def file(self, path, data=b"data"):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def make(self, *more, config="vm.dts", efi="loader.efi", **environment):
        return subprocess.run(
            [MKIMAGE, self.folder / config, self.image, "--efi", self.folder / efi, *map(str, more)],
            capture_output=True, text=True, check=False, env=dict(os.environ, **environment))

    def refused(self, *more, **keywords):
        done = self.make(*more, **keywords)
        assert done.returncode == 1, done.stderr
        assert not self.image.exists()
        return done.stderr

    def on_disk(self, path):
        done = subprocess.run(["mtype", "-i", f"{self.image}@@1M", f"::{path}"], capture_output=True,
                              check=True, env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))
        return done.stdout


@pytest.fixture
def shop(tmp_path):
    return Workshop(tmp_path)


def test_disk_has_one_efi_system_partition(shop):
    assert shop.make().returncode == 0
    table = json.loads(subprocess.run(["sfdisk", "--json", shop.image], capture_output=True,
                                      check=True, text=True).stdout)["partitiontable"]
    assert table["label"] == "gpt"
    assert [p["type"] for p in table["partitions"]] == [ESP_TYPE]
    assert table["partitions"][0]["start"] * 512 == MIB
    assert subprocess.run(["sfdisk", "--verify", shop.image], check=False).returncode == 0


def test_disk_has_a_protective_mbr_and_whole_cylinders(shop):
    shop.make()
    data = shop.image.read_bytes()
    assert data[510:512] == b"\x55\xaa" and data[450] == 0xEE
    assert len(data) % (16 * 63 * 512) == 0
    assert data[-512:-504] == b"EFI PART"


def test_volume_is_fat32(shop):
    shop.make()
    boot = shop.image.read_bytes()[MIB:MIB + 512]
    assert boot[82:90] == b"FAT32   " and boot[510:512] == b"\x55\xaa"
    sectors, cluster = int.from_bytes(boot[32:36], "little"), boot[13]
    assert sectors // cluster > 65525 + 512


def test_loader_and_compiled_config_are_in_place(shop):
    shop.make()
    assert shop.on_disk("EFI/BOOT/BOOTX64.EFI") == b"MZ loader"
    assert shop.on_disk("bulkhead/machine.dtb")[:4] == b"\xd0\x0d\xfe\xed"


def test_modules_keep_their_relative_path(shop):
    shop.config(config_of("linux/bzImage", "a.elf"))
    shop.file("linux/bzImage", b"kernel" * 1000)
    shop.file("a.elf", b"elf")
    assert shop.make().returncode == 0
    assert shop.on_disk("bulkhead/linux/bzImage") == b"kernel" * 1000
    assert shop.on_disk("bulkhead/a.elf") == b"elf"


def test_every_string_of_compatible_is_looked_at(shop):
    shop.config('/dts-v1/;\n/ { a { compatible = "other", "module,ramdisk"; file = "r"; }; };\n')
    assert "r" in shop.refused()


def test_file_of_other_nodes_is_not_a_module(shop):
    shop.config(config_of("absent", compatible="vendor,module"))
    assert shop.make().returncode == 0


def test_own_folder_comes_before_those_of_the_options(shop, tmp_path):
    shop.config(config_of("sub/a", "sub/b"))
    shop.file("sub/a", b"own")
    shop.file("first/sub/a", b"first")
    shop.file("first/sub/b", b"first")
    shop.file("second/sub/b", b"second")
    assert shop.make("-I", tmp_path / "first", "-I", tmp_path / "second").returncode == 0
    assert shop.on_disk("bulkhead/sub/a") == b"own"
    assert shop.on_disk("bulkhead/sub/b") == b"first"


def test_all_missing_files_are_named_at_once(shop):
    shop.config(config_of("none/one", "none/two"))
    message = shop.refused(efi="no.efi")
    for name in ("none/one", "none/two", "no.efi"):
        assert name in message


@pytest.mark.parametrize("path, word", [
    ("/etc/passwd", "absolute"), ("../up", ".."), ("a/../../b", ".."), ("a\\\\b", "not a path"),
    ("", "not a path"), ("a//b", "not a path"), ("Machine.DTB", "configuration itself")])
def test_unfit_paths_are_refused_in_words(shop, path, word):
    shop.config(config_of(path))
    message = shop.refused()
    assert word in message and "/vm/m0" in message


def test_names_that_differ_in_case_only_are_refused(shop):
    shop.config(config_of("Kernel", "kernel"))
    shop.file("Kernel")
    shop.file("kernel")
    assert "one name on the disk" in shop.refused()


def test_module_without_file_is_refused(shop):
    shop.config('/dts-v1/;\n/ { vm { k { compatible = "module,kernel"; }; }; };\n')
    assert "/vm/k" in shop.refused()


def test_source_that_dtc_refuses_is_refused(shop):
    shop.config("/dts-v1/;\n/ { broken\n")
    assert "vm.dts" in shop.refused()


def test_compiled_config_is_taken_as_it_is(shop):
    subprocess.run(["dtc", "-o", shop.folder / "vm.dtb", shop.folder / "vm.dts"], check=True)
    assert shop.make(config="vm.dtb").returncode == 0
    assert shop.on_disk("bulkhead/machine.dtb") == (shop.folder / "vm.dtb").read_bytes()


@pytest.mark.parametrize("data", [b"", b"not a tree", b"\xd0\x0d\xfe\xed" + b"\0" * 36,
                                  b"\xd0\x0d\xfe\xed" + b"\xff" * 60])
def test_broken_compiled_config_is_refused(shop, data):
    shop.file("vm.dtb", data)
    assert "vm.dtb" in shop.refused(config="vm.dtb")


def test_same_input_gives_same_bytes(shop):
    shop.config(config_of("k"))
    shop.file("k", os.urandom(300000))
    shop.make()
    first = shop.image.read_bytes()
    os.utime(shop.folder / "k", (1, 1))
    shop.make(TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    assert shop.image.read_bytes() == first


def test_other_content_gives_other_identifiers(shop):
    def identifier():
        return subprocess.run(["sfdisk", "--disk-id", shop.image], capture_output=True, check=True).stdout

    shop.make()
    first = identifier()
    shop.file("loader.efi", b"MZ other")
    shop.make()
    assert identifier() != first


def test_dates_follow_source_date_epoch(shop):
    shop.make(SOURCE_DATE_EPOCH="86400")
    first = shop.image.read_bytes()
    shop.make(SOURCE_DATE_EPOCH="1700000000")
    assert shop.image.read_bytes() != first


def test_size_is_kept_or_refused(shop):
    assert shop.make("--size", 100).returncode == 0
    assert 100 * MIB <= shop.image.stat().st_size < 101 * MIB
    shop.image.unlink()
    assert "at least" in shop.refused("--size", 8)


def test_large_module_fits(shop):
    shop.config(config_of("big"))
    shop.file("big", b"\x5a" * (300 * MIB))
    assert shop.make().returncode == 0
    assert len(shop.on_disk("bulkhead/big")) == 300 * MIB


def test_failure_keeps_the_former_image_and_no_scraps(shop):
    shop.make()
    former = shop.image.read_bytes()
    shop.config(config_of("absent"))
    assert shop.make().returncode == 1
    assert shop.image.read_bytes() == former
    assert sorted(os.listdir(shop.folder)) == ["loader.efi", "out.img", "vm.dts"]


def test_depfile_names_all_input(shop):
    shop.config(config_of("k"))
    shop.file("k")
    shop.make("--depfile", shop.folder / "d")
    rule = (shop.folder / "d").read_text().splitlines()[0]
    for name in ("out.img:", "vm.dts", "loader.efi", "/k"):
        assert name in rule


def test_default_loader_is_that_of_the_tree(shop):
    done = subprocess.run([MKIMAGE, "--help"], capture_output=True, text=True, check=True)
    assert "build/bulkhead.efi" in done.stdout
    assert os.path.isdir(os.path.join(TREE, "tools"))
