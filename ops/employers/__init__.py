"""An employer's data: handed out (GDPR, articles 15 and 20) and erased (article 17)."""
