"""Settings of the shared encoder that cannot be."""


def check_encoder_settings(
    name: str, freeze_layers: int, lr_scale: float, layer_lr_decay: float
) -> None:
    """Refuse values out of their range.

    name (str): The component's name, for the message.
    freeze_layers (int): 0 or more.
    lr_scale (float): Above 0.
    layer_lr_decay (float): Above 0, at most 1.
    RAISES (ValueError): Names the setting, and what to do.
    """
    if freeze_layers < 0:
        raise ValueError(f"[components.{name}] freeze_layers is 0 or more, but is {freeze_layers}")
    if lr_scale <= 0:
        raise ValueError(
            f"[components.{name}] lr_scale is above 0, but is {lr_scale}; to keep the encoder "
            "as it is, set frozen = true"
        )
    if not 0 < layer_lr_decay <= 1:
        raise ValueError(
            f"[components.{name}] layer_lr_decay is above 0, at most 1, but is {layer_lr_decay}"
        )
