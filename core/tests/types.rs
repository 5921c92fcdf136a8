use std::convert::Infallible;
use withal_core::runtime::{Cleanup, NoExecutor};
use withal_core::*;
struct S(u32);
impl Scope for S {
    type Resource = u32;
    type Error = Infallible;
    type OnDrop = HandOver;
    async fn enter(&mut self) -> Result<u32, Infallible> {
        println!("+{}", self.0);
        Ok(self.0)
    }
    async fn exit(self, _r: u32, why: ExitReason<'_>) -> Result<(), Infallible> {
        println!("-{} {:?}", self.0, why);
        Ok(())
    }
}
struct Tx<'a>(&'a mut Vec<u32>);
impl<'a> Scope for Tx<'a> {
    type Resource = u32;
    type Error = Infallible;
    type OnDrop = Abandon;
    async fn enter(&mut self) -> Result<u32, Infallible> {
        self.0.push(1);
        Ok(1)
    }
    async fn exit(self, _r: u32, _: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.push(2);
        Ok(())
    }
}
async fn item(r: &mut u32) -> Result<u32, String> {
    Ok(*r)
}
async fn generic<R: Cleanup, X: Scope<Resource = u32>>(rt: &R, x: X) -> u32 {
    with(rt, x, async |r| {
        *r += 1;
        Ok::<_, String>(*r)
    })
    .await
    .unwrap_or(0)
}
fn send<T: Send>(t: T) -> T {
    t
}
#[test]
fn types() {
    let rt = NoExecutor::new();
    let mut outer = 5;
    let v = futures_util::FutureExt::now_or_never(send(async {
        let a = with(&rt, S(1), async |r| {
            *r += 1;
            outer += *r;
            with(&rt, S(2), async |q| {
                *q += *r;
                outer += 1;
                Ok::<_, String>(*q)
            })
            .await
            .map_err(|e| e.to_string())
        })
        .await
        .unwrap();
        let b = with(&rt, S(3), item).await.unwrap();
        let c = generic(&rt, S(4)).await;
        let mut v = vec![];
        with(&rt, Tx(&mut v), async |_| Ok::<_, String>(()))
            .await
            .unwrap();
        assert_eq!(v, [1, 2]);
        let n = 3;
        let d = with(&rt, S(9), async move |r| Ok::<_, String>(n + *r))
            .await
            .unwrap();
        let g = enter_in(&rt, S(10)).await.unwrap();
        g.exit(Ok::<_, String>(1)).await.unwrap();
        (a, b, c, d)
    }))
    .unwrap();
    assert_eq!(v, (4, 3, 5, 12));
}

#[test]
fn depth() {
    let rt = NoExecutor::new();
    let f = send(async {
        with(&rt, S(0), async |r0| {
            with(&rt, S(1), async |r1| {
                with(&rt, S(2), async |r2| {
                    with(&rt, S(3), async |r3| {
                        with(&rt, S(4), async |r4| {
                            with(&rt, S(5), async |r5| {
                                with(&rt, S(6), async |r6| {
                                    with(&rt, S(7), async |r7| {
                                        with(&rt, S(8), async |r8| {
                                            with(&rt, S(9), async |r9| {
                                                with(&rt, S(10), async |r10| {
                                                    with(&rt, S(11), async |r11| {
                                                        with(&rt, S(12), async |r12| {
                                                            with(&rt, S(13), async |r13| {
                                                                with(&rt, S(14), async |r14| {
                                                                    with(&rt, S(15), async |r15| {
                                                                        Ok::<u32, String>(
                                                                            *r0 + *r15,
                                                                        )
                                                                    })
                                                                    .await
                                                                    .map_err(|e| e.to_string())
                                                                })
                                                                .await
                                                                .map_err(|e| e.to_string())
                                                            })
                                                            .await
                                                            .map_err(|e| e.to_string())
                                                        })
                                                        .await
                                                        .map_err(|e| e.to_string())
                                                    })
                                                    .await
                                                    .map_err(|e| e.to_string())
                                                })
                                                .await
                                                .map_err(|e| e.to_string())
                                            })
                                            .await
                                            .map_err(|e| e.to_string())
                                        })
                                        .await
                                        .map_err(|e| e.to_string())
                                    })
                                    .await
                                    .map_err(|e| e.to_string())
                                })
                                .await
                                .map_err(|e| e.to_string())
                            })
                            .await
                            .map_err(|e| e.to_string())
                        })
                        .await
                        .map_err(|e| e.to_string())
                    })
                    .await
                    .map_err(|e| e.to_string())
                })
                .await
                .map_err(|e| e.to_string())
            })
            .await
            .map_err(|e| e.to_string())
        })
        .await
    });
    println!("{}", size_of_val(&f));
    futures_util::FutureExt::now_or_never(f).unwrap().unwrap();
}
