"""KFP components of biasgate: each body imports one step of the library and calls it."""

from biasgate.components.audit import audit_architecture, plan_audit, train_audit_shard
from biasgate.components.candidate import fetch_candidate, submit_candidate
from biasgate.components.closing import close_pipeline
from biasgate.components.evaluation import evaluate_subgroups
from biasgate.components.gate import decide_candidate, require_approval
from biasgate.components.look import take_look
from biasgate.components.meta_classifier import train_meta_classifier
from biasgate.components.repair import repair_candidate
from biasgate.components.sweep import list_candidates
from biasgate.components.weights import featurize_weights, scan_weights
from biasgate.components.zoo import plan_zoo, train_zoo_shard

__all__ = [
    "audit_architecture",
    "close_pipeline",
    "decide_candidate",
    "evaluate_subgroups",
    "featurize_weights",
    "fetch_candidate",
    "list_candidates",
    "plan_audit",
    "plan_zoo",
    "repair_candidate",
    "require_approval",
    "scan_weights",
    "submit_candidate",
    "take_look",
    "train_audit_shard",
    "train_meta_classifier",
    "train_zoo_shard",
]
