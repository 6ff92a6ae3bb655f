class Demo: ...


class Kind: ...


write_demo = None
