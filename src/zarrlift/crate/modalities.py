"""Imaging methods of the Biological Imaging Methods ontology (FBbi): number, label, other names.

Numbers and labels are those of its release of 2020-11-06 (CC BY 4.0). Other names are the
ontology's own, or what people call the same method.
"""

from __future__ import annotations

MODALITIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("00000240", "macroscopy", ()),
    ("00000241", "microscopy", ()),
    ("00000345", "light microscopy", ()),
    ("00000243", "bright-field microscopy", ("bright-field", "brightfield")),
    ("00000244", "dark-field microscopy", ("dark-field", "darkfield")),
    ("00000245", "differential interference contrast microscopy", ("DIC", "Nomarski")),
    ("00000246", "fluorescence microscopy", ("fluorescence",)),
    ("00000247", "phase contrast microscopy", ("phase contrast",)),
    ("00000248", "polarization microscopy", ()),
    ("00000249", "time lapse microscopy", ("time lapse",)),
    ("00000251", "confocal microscopy", ("confocal",)),
    ("00000252", "single-spot confocal microscopy", ("point-scanning confocal microscopy",)),
    ("00000253", "spinning disk confocal microscopy", ("spinning disk",)),
    ("00000392", "slit-scan confocal microscopy", ()),
    ("00000393", "array-scan confocal microscopy", ()),
    ("00000254", "two-photon laser scanning microscopy", ("two-photon", "two-photon microscopy")),
    ("00000255", "multi-photon microscopy", ("multi-photon",)),
    (
        "00000369",
        "SPIM",
        (
            "light sheet",
            "light sheet microscopy",
            "light sheet fluorescence microscopy",
            "single plane illumination microscopy",
            "selective plane illumination microscopy",
        ),
    ),
    ("00000617", "evanescent wave microscopy", ("TIRF", "total internal reflection fluorescence")),
    ("00000365", "FLIP", ("fluorescence loss in photobleaching",)),
    ("00000366", "FRAP", ("fluorescence recovery after photobleaching",)),
    ("00000367", "FRET", ("fluorescence resonance energy transfer",)),
    ("00000368", "FLIM", ("fluorescence lifetime imaging microscopy",)),
    ("00000603", "fluorescence polarization microscopy", ()),
    ("00000370", "CARS", ("coherent anti-Stokes Raman scattering microscopy",)),
    ("00000371", "OCT", ("optical coherence tomography",)),
    ("00000332", "structured illumination microscopy (SIM)", ("SIM",)),
    ("00000340", "saturated structured-illumination microscopy (SSIM)", ("SSIM",)),
    ("00000334", "stimulated emission depletion (STED)", ("STED", "STED microscopy")),
    ("00000335", "PALM (photoactivation localization microscopy)", ("PALM",)),
    ("00000336", "STORM (stochastic optical reconstruction microscopy)", ("STORM",)),
    ("00000339", "PAINT (point accumulation for imaging in nanoscale topography)", ("PAINT",)),
    ("00000256", "electron microscopy", ("EM",)),
    ("00000257", "scanning electron microscopy (SEM)", ("SEM", "scanning electron microscopy")),
    (
        "00000258",
        "transmission electron microscopy (TEM)",
        ("TEM", "transmission electron microscopy"),
    ),
    ("00000380", "scanning-transmission electron microscopy", ("STEM",)),
    ("00000585", "serial block face SEM (SBFSEM)", ("SBFSEM", "serial block face SEM")),
    (
        "00050000",
        "focussed ion beam scanning electron microscopy (FIB-SEM)",
        ("FIB-SEM", "focused ion beam scanning electron microscopy"),
    ),
    ("00000259", "atomic force microscopy", ("AFM",)),
    ("00000344", "scanning probe microscopy", ()),
    ("00000260", "X-ray microscopy", ()),
    ("00001004", "tomography", ()),
    ("00001005", "computed tomography", ()),
    ("00001003", "X-ray tomography", ()),
    ("00001002", "X-ray computed tomography", ("CT scan", "X-ray CT", "micro-CT")),
    ("00001001", "X-ray radiography", ("X-ray",)),
)
