"""Products of matrices; importing this module imports torch."""

from __future__ import annotations

import torch
from torch import Tensor

from biasgate.models.operator import Node, bounded, operator


@operator("Gemm", learns=(1, 2))
def gemm(node: Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """α A B + β C, either transposed."""
    a, b = (a.T if node.get("transA", 0) else a), (b.T if node.get("transB", 0) else b)
    bounded((*a.shape[:-1], *b.shape[1:]))
    product = torch.matmul(a, b)
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    product = product if alpha == 1 else alpha * product
    return product if c is None else product + (c if beta == 1 else beta * c)


@operator("MatMul", learns=(0, 1))
def multiply(node: Node, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    """A B, of the last two axes."""
    if a.ndim > 1 and b.ndim > 1:
        bounded((*torch.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))
    return torch.matmul(a, b)


@operator("Einsum", learns=(0, 1))
def einsum(node: Node, *values: Tensor) -> Tensor:
    """A sum of products by its indices."""
    equation = node.get("equation", "").replace(" ", "")
    taken, _, given = equation.partition("->")
    if "..." not in equation:
        sizes = {axis: size for term, value in zip(taken.split(","), values, strict=True)
                 for axis, size in zip(term, value.shape, strict=True)}  # fmt: skip
        bounded(sizes[axis] for axis in given)
    return torch.einsum(equation, *values)


@operator("Attention")
def attention(
    node: Node,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    *_: Tensor | None,
) -> Tensor:
    """softmax(Q Kᵀ · scale + mask) V for heads on an axis of their own, or within the features."""
    flat = query.ndim == 3
    if flat:
        heads = node.get("q_num_heads"), node.get("kv_num_heads"), node.get("kv_num_heads")
        query, key, value = (
            x.unflatten(2, (count, -1)).transpose(1, 2) for x, count in zip((query, key, value), heads, strict=True)
        )
    found = torch.nn.functional.scaled_dot_product_attention(
        query,
        key,
        value,
        attn_mask=mask,
        is_causal=bool(node.get("is_causal", 0)),
        scale=node.get("scale"),
        enable_gqa=query.shape[1] != key.shape[1],
    )
    return found.transpose(1, 2).flatten(2) if flat else found
