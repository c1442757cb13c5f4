from c10k.reports import style


def test_a_colour_has_enough_contrast_to_its_paper():
    def luminance(colour):
        channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for name, values in style.COLOURS.items():
        for scheme, value in enumerate(values):
            pair = sorted([luminance(value), luminance(style.COLOURS["paper"][scheme])])
            contrast = (pair[1] + 0.05) / (pair[0] + 0.05)
            assert name in {"paper", "grid"} or contrast >= 4.5, (name, scheme, contrast)


def test_a_model_has_one_colour_and_its_servers_a_marker_each(make):
    servers = {
        "threaded": "thread per connection",
        "threaded,stack=256k": "thread per connection",
        "asyncio_streams": "event loop",
        "mine": "unheard of",
    }
    looks = style.series_styles(make(servers=servers, steps=(10,), workloads=("paced",)).servers)
    assert looks["threaded"].hue == looks["threaded,stack=256k"].hue == "vermilion"
    assert looks["threaded"].marker != looks["threaded,stack=256k"].marker
    assert len({look.hue for look in looks.values()}) == 3
