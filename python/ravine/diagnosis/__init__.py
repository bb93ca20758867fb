"""Diagnosis: why does this net not learn? See `diagnose`."""

from ravine.diagnosis.diagnose import diagnose
from ravine.diagnosis.report import PROBLEMS, LayerHealth, Report, Verdict

__all__ = ["PROBLEMS", "LayerHealth", "Report", "Verdict", "diagnose"]
